"""Rosters (花名册): from a spreadsheet as villages keep it to families and persons on file.

sheet_reader   a process of its own: any file → rows of plain cells, within limits of memory and time
parts          what is stored of an uploaded file: its pieces, then its rows
reading        rows of cells → the header found by its names, persons' rows, junk counted
columns        which columns a kind of roster has and how each one's values are understood
codes          code lists of the national standards and the words people write instead of the codes
values         one cell → its value, how it was mended, or what is wrong with it
checking       rows → households with their problems; pure
families       what is on file, and writing households to it
services       upload, dry run, apply
workbook       the uploaded rows back as .xlsx with every problem coloured and explained
synthetic      rosters of people who do not exist, for demonstration, tests and measurements
"""
