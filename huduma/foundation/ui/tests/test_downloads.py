"""Files that people take away."""

from huduma.foundation.ui.downloads import sheet


def test_a_sheet_is_read_as_text_by_a_spreadsheet_whatever_stands_in_it():
    answer = sheet([["Taasisi", "Idadi"], ['=HYPERLINK("x")', 1], ["@sum, -1", -1], ["Ngũũ", 2]], "ngũũ.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.decode("utf-8-sig").splitlines() == [
        "Taasisi,Idadi", '"\'=HYPERLINK(""x"")",1', '"\'@sum, -1",-1', "Ngũũ,2"
    ]  # fmt: skip
    assert "filename*=utf-8''ng%C5%A9%C5%A9.csv" in answer["Content-Disposition"]
