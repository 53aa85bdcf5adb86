"""CSV in any dialect a spreadsheet writes, thousands of rows at a time."""
