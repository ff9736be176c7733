"""The page as one file: what it may ask for, how big it is, and that what is packed is what was written."""

import base64
import hashlib
import re

import pytest

from appliance.portal.receipt import single_file
from appliance.portal.receipt.single_file import PageError, one_script, receipt_page
from tests.receipt_page.texts import entries

SIZE_MAX = 35 * 1024
PACKED_MAX = 14 * 1024


@pytest.fixture(scope="module")
def page():
    return receipt_page().decode()


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_its_policy_allows_its_own_script_and_style_and_nothing_else(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
    script, style = re.search(r'<script type="module">(.*)</script>', page, re.S)[1], re.search(r"<style>(.*)</style>", page, re.S)[1]
    assert policy == (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; style-src 'sha256-{digest(style)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    assert page.index("Content-Security-Policy") < page.index("<style>") < page.index("<script")
    assert page.count("<script") == 1


def test_it_reaches_for_nothing(page):
    assert not re.search(r"\bfetch\b|XMLHttp|WebSocket|import\(|sendBeacon|innerHTML|\beval\b|crypto\.subtle|Math\.random|console\.", page)
    assert re.findall(r"https?:[^\"'% ]*", page) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r'(?:src|href)="(?!data:|#)', page)
    assert not re.search(r" on\w+=\"| style=", page)


def test_it_is_small(page):
    import gzip

    assert len(page.encode()) < SIZE_MAX
    assert len(gzip.compress(page.encode(), 9, mtime=0)) < PACKED_MAX


def test_every_sentence_is_there_in_both_languages_and_used(page):
    keys = entries()
    texts = single_file.source_text("texts.js").split("export const TEXTS = {")[1]
    assert len(keys) == len(re.findall(r": \[", texts))
    for key, english, chinese in keys:
        assert re.search(r"[\u4e00-\u9fff]", chinese), key
        assert re.findall(r"\{\d\}", english) == sorted(re.findall(r"\{\d\}", chinese)) or key == "keepers", key
    used = single_file.source_text("page.js") + single_file.source_text("page.html")
    plain = [key for key, *_ in keys if "/" not in key]
    assert [key for key in plain if not re.search(rf"""["']{key}["'/]""", used)] == []


def test_modules_keep_to_safari_15_and_chrome_90():
    newer = r"requestSubmit|structuredClone|\.at\(|\.findLast|hasOwn\(|\.toSorted|Array\.fromAsync|randomUUID|\bstatic \{"
    for name in ("page.js", "receipt.js", "texts.js"):
        assert not re.findall(newer, re.sub(r"//.*", "", single_file.source_text(name))), name


def test_packing_keeps_what_is_said(tmp_path):
    (tmp_path / "b.js").write_text('// why\nexport const two = 2; // a comment\nconst own = "a  //  b";\nexport { own };\n')
    (tmp_path / "a.js").write_text(
        'import { two, own } from "./b.js";\n\n/** What. */\nexport function f(a) {\n'
        '  return [`${a} , ${own}`, a.replace(/ , /g, " ; "), a => two];\n}\n'
    )
    assert one_script(str(tmp_path / "a.js")) == (
        'const bModule=(()=>{const two=2;const own="a  //  b";return{two,own}\n})();\n'
        "const aModule=(()=>{const{two,own}=bModule;function f(a){"
        'return [`${a} , ${own}`,a.replace(/ , /g," ; "),a=>two];}\nreturn{f}\n})();\n'
    )


@pytest.mark.parametrize("line", ['import x from "./b.js";', 'export * from "./b.js";', "export default 1;", "const x = `a\nb`;"])
def test_what_it_cannot_pack_is_named(tmp_path, line):
    (tmp_path / "a.js").write_text(line + "\n")
    with pytest.raises(PageError):
        one_script(str(tmp_path / "a.js"))


def test_a_rule_that_the_style_has_no_more_is_named(monkeypatch):
    monkeypatch.setattr(single_file, "_RULES", (".top", ".gone"))
    with pytest.raises(PageError, match=r"\.gone$"):
        single_file.shared_style()


def test_written_by_the_program(tmp_path, capsys, page):
    assert single_file.main([str(tmp_path / "receipt.html")]) == 0
    assert (tmp_path / "receipt.html").read_text() == page
    assert single_file.main([]) == 2 and "usage" in capsys.readouterr().err
