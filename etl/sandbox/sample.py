"""Who and what is in the practise workspace?"""

from __future__ import annotations

from typing import NamedTuple

DOMAIN = "acme.example"


class Person(NamedTuple):
    """Somebody in the sample."""

    email: str
    first: str
    last: str
    role: str = "member"


class Company(NamedTuple):
    """A customer in the sample."""

    name: str
    website: str


_FIRST = (
    *("Ana", "Ben", "Chloe", "Daniel", "Elif", "Femi", "Grace", "Hiro", "Ines", "Jonas", "Katja", "Liam", "Mei", "Noah"),
    *("Olga", "Priya", "Quentin", "Rosa", "Sam", "Tomas", "Uma", "Viktor", "Wendy", "Ximena", "Yusuf", "Zoë", "Émile", "Siân"),
)
_LAST = (
    *("Almeida", "Brandt", "Cho", "Dubois", "Eriksen", "Fischer", "García", "Haddad", "Ito", "Jensen", "Kowalski", "Lindqvist", "Moreau"),
    *("Nakamura", "O'Neill", "Patel", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "van Dijk", "Weiß", "Xu", "Yilmaz", "Zimmermann"),
)
_FIRST_WORDS = ("Northwind", "Blue Harbor", "Cedar", "Delta", "Evergreen", "Falcon", "Granite", "Helix", "Ironwood", "Juniper")
_FIRST_WORDS_MORE = ("Keystone", "Lumen", "Meridian", "Nimbus", "Orchard")
_TRADES = ("Logistics", "Foods", "Robotics", "Health", "Energy", "Textiles", "Media", "Capital", "Software", "Labs")
_DEALS = ("Renewal 2027", "Pilot", "Expansion EMEA", "Platform licence", "Onboarding", "Data migration", "Support plan", "Upgrade")

_PLAIN = str.maketrans({"ë": "e", "É": "e", "é": "e", "â": "a", "í": "i", "ß": "ss", "'": "", " ": ""})


def people() -> list[Person]:
    """Sixty people: five by function, two with one and the same full name, and fifty-three others."""
    known = [
        Person(f"ops@{DOMAIN}", "Olivia", "Ops", "admin"),
        Person(f"sam@{DOMAIN}", "Sam", "Rivera"),
        Person(f"maria@{DOMAIN}", "Maria", "Lopez"),
        Person(f"lee@{DOMAIN}", "Lee", "Chen"),
        Person(f"former@{DOMAIN}", "Frank", "Former"),
        Person(f"alex.kim@{DOMAIN}", "Alex", "Kim"),
        Person(f"alex.kim2@{DOMAIN}", "Alex", "Kim"),
    ]
    return known + [_person(index) for index in range(53)]


def _person(index: int) -> Person:
    first = _FIRST[index % len(_FIRST)]
    # The step by whole rounds keeps names apart once the first names start again.
    last = _LAST[(index + index // len(_FIRST)) % len(_LAST)]
    return Person(f"{first}.{last}@{DOMAIN}".translate(_PLAIN).lower(), first, last)


def companies() -> list[Company]:
    """A hundred and fifty companies, each with its web site; ``Acme Corp`` is the first, and one name stands twice."""
    names = [f"{first} {trade}" for first in (*_FIRST_WORDS, *_FIRST_WORDS_MORE) for trade in _TRADES]
    named = [("Acme Corp", "acme-corp.example"), ("Globex", "globex.example"), ("Globex", "globex-labs.example")]
    others = [(name, name.lower().replace(" ", "-") + ".example") for name in names[: 150 - len(named)]]
    return [Company(name, f"https://{host}") for name, host in named + others]


def deals() -> list[tuple[str, int]]:
    """A hundred and twenty opportunities: name, and the index of their company."""
    firms = companies()
    return [(f"{firms[index].name} - {_DEALS[index % len(_DEALS)]}", index) for index in range(120)]
