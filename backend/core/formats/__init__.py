"""How days are written where Django's own form of a language does not fit."""
