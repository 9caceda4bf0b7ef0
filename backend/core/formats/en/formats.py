"""English for readers in China: the month as a word, so that nobody takes a day for a month."""

DATE_FORMAT = "j F Y"
SHORT_DATE_FORMAT = "j M Y"
