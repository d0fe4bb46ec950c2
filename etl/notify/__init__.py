"""Who is told that an import fails, or has recovered?"""
