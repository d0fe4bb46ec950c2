"""Which columns and constants does a config name, whatever the file?"""

from __future__ import annotations

from collections.abc import Iterable

from etl.config.fields import NOTE, REJECT, SKIP, FieldRule, LookupName, ValuesMapping
from etl.config.model import JobConfig
from etl.transform.parts import value_parts
from etl.transform.row_sql import parse_row_sql, sql_columns
from etl.transform.side_files import SideFiles
from etl.transform.text import parse_template, template_columns
from etl.transform.values import Translation, build_translation, translate_words


def mentioned_columns(job: JobConfig) -> frozenset[str]:
    """Every column name in the source key, the map and the guards, all aliases included; broken templates and sql count as naming none."""
    keys = () if job.source.key_is_content else job.source.key
    guarded = () if job.guards.max_age is None else (job.guards.max_age.column,)
    return frozenset(alias for part in keys for alias in part).union(guarded, *(rule_columns(rule) for rule in job.map.values()))


def rule_columns(rule: FieldRule) -> Iterable[str]:
    """The columns that one entry of the map names: all aliases, or those of its template or sql (none where that is broken)."""
    try:
        if rule.template is not None:
            return template_columns(parse_template(rule.template))
        if rule.sql is not None:
            return sql_columns(parse_row_sql(rule.sql))
    except ValueError:
        return ()
    return rule.column


def targets_with_several(job: JobConfig) -> frozenset[str]:
    """The targets that the map itself gives several values (``take: all``): ``many`` when Lightfield was not asked."""
    return frozenset(target for target, rule in job.map.items() if rule.take == "all")


def constant_names(job: JobConfig, side_files: SideFiles | None = None) -> dict[LookupName, set[str]]:
    """Constants that a look-up will be asked for: ``value``, ``empty`` (both as ``values`` translate them) and ``unknown``.

    Without side files a constant may be translated by one of them; then the constant itself is in the answer too.
    """
    names: dict[LookupName, set[str]] = {}
    for target, rule in job.map.items():
        if rule.lookup is not None:
            names.setdefault(rule.lookup, set()).update(_rule_constants(target, rule, side_files))
    return names


def _rule_constants(target: str, rule: FieldRule, side_files: SideFiles | None) -> set[str]:
    given = [*value_parts(rule), *(text.strip() for text in (rule.empty,) if text is not None and text not in (REJECT, SKIP))]
    found = set(translate_words(given, build_chain(target, rule, side_files or {})))
    if side_files is None and any(not isinstance(step, ValuesMapping) for step in rule.values):
        found.update(given)
    if rule.unknown not in (REJECT, SKIP, NOTE):
        found.add(rule.unknown.strip())
    return found - {""}


def build_chain(target: str, rule: FieldRule, side_files: SideFiles) -> tuple[Translation, ...]:
    """The steps of ``values``; a side file that is not among ``side_files`` translates nothing."""
    nothing = build_translation({})  # keeps the places of the steps, which others count by
    return tuple(
        build_translation(step.entries) if isinstance(step, ValuesMapping) else side_files.get((target, step), nothing)
        for step in rule.values
    )
