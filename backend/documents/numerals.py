"""Numbers as official documents write them."""

DIGITS = "零一二三四五六七八九"
MOST = 99


def chinese(number: int) -> str:
    """一 … 九十九, for the headings of sections. Raises ValueError beyond that."""
    if not 0 < number <= MOST:
        raise ValueError(number)
    tens, ones = divmod(number, 10)
    return ("" if not tens else "十" if tens == 1 else f"{DIGITS[tens]}十") + (DIGITS[ones] if ones else "")
