"""What countries are called in English (ISO 3166-1 alpha-2), for the choice of where a parcel goes."""

from collections.abc import Iterable

_NAMES = """
AD Andorra|AE United Arab Emirates|AL Albania|AM Armenia|AR Argentina|AT Austria|AU Australia|AZ Azerbaijan
BA Bosnia and Herzegovina|BE Belgium|BG Bulgaria|BH Bahrain|BR Brazil|BY Belarus|CA Canada|CH Switzerland|CL Chile
CN China|CO Colombia|CR Costa Rica|CY Cyprus|CZ Czechia|DE Germany|DK Denmark|DO Dominican Republic|DZ Algeria
EC Ecuador|EE Estonia|EG Egypt|ES Spain|FI Finland|FO Faroe Islands|FR France|GB United Kingdom|GE Georgia|GI Gibraltar
GL Greenland|GR Greece|GT Guatemala|HK Hong Kong|HR Croatia|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IN India
IS Iceland|IT Italy|JO Jordan|JP Japan|KE Kenya|KR South Korea|KW Kuwait|KZ Kazakhstan|LB Lebanon|LI Liechtenstein
LK Sri Lanka|LT Lithuania|LU Luxembourg|LV Latvia|MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MK North Macedonia
MT Malta|MU Mauritius|MX Mexico|MY Malaysia|NG Nigeria|NL Netherlands|NO Norway|NZ New Zealand|OM Oman|PA Panama
PE Peru|PH Philippines|PK Pakistan|PL Poland|PT Portugal|PY Paraguay|QA Qatar|RO Romania|RS Serbia|SA Saudi Arabia
SE Sweden|SG Singapore|SI Slovenia|SK Slovakia|SM San Marino|TH Thailand|TN Tunisia|TR Türkiye|TW Taiwan|UA Ukraine
US United States|UY Uruguay|VA Vatican City|VN Vietnam|XK Kosovo|ZA South Africa"""
NAME_BY_CODE: dict[str, str] = {
    entry[:2]: entry[3:] for line in _NAMES.strip().splitlines() for entry in line.split("|")
}

# Their post asks for a postcode on every parcel.
_WITH_POSTCODES = """
AD AT AU BE BG BR CA CH CY CZ DE DK EE ES FI FR GB GR HR HU IN IS IT JP KR LI LT LU LV MC MT MX NL NO NZ PL PT RO SE SG
SI SK SM TR UA US VA ZA"""
_NEEDS_POSTCODE = frozenset(_WITH_POSTCODES.split())


def needs_postcode(code: str | None) -> bool:
    """Whether a parcel to that country is not accepted without a postcode."""
    return code in _NEEDS_POSTCODE


def country_name(code: str | None) -> str:
    """The country's name; a code that is not listed stands for itself."""
    return NAME_BY_CODE.get(code or "", code or "")


def country_choices(served: Iterable[str]) -> list[tuple[str, str]]:
    """Codes and names by name; `*` among the served ones means every country of the list."""
    codes = set(served)
    if "*" in codes:
        codes = (codes | set(NAME_BY_CODE)) - {"*"}
    return sorted(((code, country_name(code)) for code in codes), key=lambda choice: choice[1])
