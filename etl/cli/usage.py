"""How is it told that what was typed cannot be read? In the words of all other messages, not in click's."""

from __future__ import annotations

import click

from etl.config.words import did_you_mean


def usage_sentence(error: click.UsageError) -> str:
    """What is wrong with the command line, where, and what is allowed; in lower case and without a full stop."""
    if isinstance(error, click.NoSuchOption):
        return f"there is no option {error.option_name}{did_you_mean(error.option_name, _options(error.ctx))}"
    if isinstance(error, click.MissingParameter):
        return f"{_name(error)} is missing"
    if isinstance(error, click.BadParameter):
        return f"{_name(error)}: {_plain(error.message)}"
    return _plain(error.message)


def _options(ctx: click.Context | None) -> list[str]:
    parameters = [] if ctx is None else ctx.command.get_params(ctx)
    return [name for each in parameters if isinstance(each, click.Option) for name in (*each.opts, *each.secondary_opts)]


def _name(error: click.BadParameter) -> str:
    """As it is typed: ``--limit``, or an argument's name in the help, such as ``DATA``."""
    if isinstance(error.param, click.Option):
        return error.param.opts[0]
    if error.param is not None:
        return error.param.make_metavar(error.ctx or click.Context(click.Command(None))).strip("[].")
    return str(error.param_hint or "the command line")


def _plain(sentence: str) -> str:
    sentence = sentence.strip().rstrip(".")
    return sentence[:1].lower() + sentence[1:]
