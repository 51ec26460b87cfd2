"""Names and texts for the generated entities. Given and family names are combined at random; no real person is meant.

The first names of a list are used far more often than the last, so that many people share a family name.
"""

from typing import Final

GIVEN: Final = (
    "Ada", "Ben", "Clara", "Dario", "Emil", "Fatima", "Goran", "Hana", "Ivo", "Jun", "Kofi", "Lena", "Milo", "Nadia",
    "Omar", "Petra", "Quentin", "Rosa", "Samir", "Tilda", "Uma", "Viktor", "Wanda", "Ximena", "Yara", "Zeno",
    "Zoë", "Zoe\u0308",  # one letter in two Unicode forms
    "José", "François", "Jürgen", "Søren", "Łucja", "Ångström", "D\u2019Arcy", "Anne-Marie", "Mary Jo", "İrem",
    "Аня", "Борис", "Ελένη", "Γιώργος", "ליאור", "سارة", "يوسف", "आरव", "ปรียา", "ნინო", "小明", "さくら", "민준",
    "Nguyên", "Ǹnámdi", "e\u0301lodie",
)  # fmt: skip

FAMILY: Final = (
    "Sample", "Sample", "Example", "Muster", "Rossi", "Novak", "Okafor", "Berg", "Silva", "Haddad", "Lindqvist",
    "O'Sample", "D'Exemple", "van der Muster", "Van der Muster", "de la Prueba", "Example-Sample", "Mc Test",
    "Straße", "STRASSE", "Öztürk", "Dvořák", "Nuñez", "Nun\u0303ez", "Đặng", "Þórsdóttir", "Æbelø",
    "Образцов", "Παράδειγμα", "דוגמה", "مثال", "उदाहरण", "ตัวอย่าง", "მაგალითი", "例", "見本", "보기",
    "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Example",
)  # fmt: skip

MIDDLE: Final = ("A.", "Lee", "María José", "van", "Ю.", "明")

PLACES: Final = ("North", "South", "East", "West", "Lake", "Hill", "River", "Märchenwald", "Saint Example's", "Школа")

TOWNS: Final = ("Springfield", "Exampleton", "Saint-Exemple", "Müsterstadt", "Прим", "例市")

# (name of the subject, its SCED code)
SUBJECTS: Final = (
    ("Mathematics", "02001"),
    ("English", "01001"),
    ("Biology", "03051"),
    ("History", "04051"),
    ("Français", "06121"),
    ("Visual Arts", "05154"),
    ("Music & Choir", "05101"),
    ("Computer Science", "10011"),
    ("中文", "06401"),
)

RACES: Final = ("American Indian", "Asian", "Black", "Pacific Islander", "White")

CATEGORIES: Final = ("Homework", "Quiz", "Test", "Project", "Mitarbeit", "Exámenes", "Extra credit")

COMMENTS: Final = (
    "Well done",
    "See me",
    "Très bien",
    'Not handed in yet; "later", they say',
    "👍",
    "Line one\nline two",
)
