"""An API to practise on; it follows the API's documents and imports nothing else of ours."""
