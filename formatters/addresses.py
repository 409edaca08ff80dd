"""Addresses of papers: which paper an address names, whatever the site, and where a paper can be read."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qs, unquote, urljoin, urlsplit

from formatters.links import safe
from formatters.model import Link, Paper

# arXiv identifiers: YYMM.NNNN(N) since 2007, archive(.class)/YYMMNNN before (info.arxiv.org/help/arxiv_identifier)
_ARXIV_ID = r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z-]{2,})?/\d{7})(?:v\d+)?"
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_ARXIV_DOI = re.compile(rf"10\.48550/arxiv\.{_ARXIV_ID}", re.IGNORECASE)
# Sites where the same page is about an arXiv paper, and what stands before the id.
_ARXIV_SITES = (
    (r"(?:[a-z]+\.)?arxiv\.org", r"/(?:abs|pdf|html|ps|format)/"),
    (r"ar5iv(?:\.labs\.arxiv)?\.org", r"/(?:abs/|html/|pdf/)?"),
    (r"alphaxiv\.org", r"/(?:\w\w/)?(?:abs|overview|pdf|html)/"),
    (r"(?:huggingface\.co|hf\.co)", r"/papers/"),
    (r"arxiv-vanity\.com", r"/papers/"),
    (r"scirate\.com", r"/arxiv/"),
    (r"papers\.cool", r"/arxiv/"),
)
_ARXIV_PAGES = [
    (re.compile(site), re.compile(rf"{before}{_ARXIV_ID}(?:\.pdf)?(?:/.*)?", re.IGNORECASE))
    for site, before in _ARXIV_SITES
]
_MAY_BE_ARXIV = re.compile(r"[x5]iv|/papers/|scirate|papers\.cool", re.IGNORECASE)
_HTML = re.compile(r"https?://(?:[a-z]+\.)?arxiv\.org/html/")
_FIRST_IN_HTML = "2312"  # arXiv makes HTML of what was submitted since December 2023
# Other sites: how an identity begins, the host, the address behind it.
_PAGES = [
    (kind, re.compile(site), re.compile(path, re.IGNORECASE))
    for kind, site, path in (
        ("acl", r"aclanthology\.org", r"/([a-z0-9][\w.-]*?\d)(?:v\d+)?(?:\.pdf|\.bib|/)?"),
        ("acl", r"aclweb\.org", r"/anthology/(?:papers/\w/\w+/)?([a-z0-9][\w.-]*?\d)(?:\.pdf|/)?"),
        ("pmlr", r"proceedings\.mlr\.press", r"/(v\d+/[\w-]+?)(?:\.html|/[\w-]+\.pdf|/)?"),
        ("cvf", r"openaccess\.thecvf\.com", r"/content\w*/(?:\w+/)*?(?:html|papers)/(?:\w+/)?([\w.-]+?)\.(?:html|pdf)"),
        ("s2", r"semanticscholar\.org", r"/paper/(?:.*/)?([0-9a-f]{40})(?:/.*)?"),
        ("s2", r"api\.semanticscholar\.org", r"/(corpusid:\d+)/?"),
        ("pubmed", r"pubmed\.ncbi\.nlm\.nih\.gov", r"/(\d+)/?"),
        ("pubmed", r"ncbi\.nlm\.nih\.gov", r"/pubmed/(\d+)/?"),
        ("pmc", r"ncbi\.nlm\.nih\.gov", r"/pmc/articles/(pmc\d+)(?:/.*)?"),
        ("pmc", r"pmc\.ncbi\.nlm\.nih\.gov", r"/articles/(pmc\d+)(?:/.*)?"),
        ("neurips", r"(?:proceedings|papers)\.(?:neurips|nips)\.cc", r"/paper(?:_files/paper)?/.*?([0-9a-f]{32}).*"),
        ("ieee", r"ieeexplore\.ieee\.org", r"/(?:abstract/)?document/(\d+)/?"),
    )
]
# A DOI in the address of its publisher: dl.acm.org/doi/abs/10.1145/…, biorxiv.org/content/10.1101/…v2.full
_PREPRINT_SITES = re.compile(r"(?:bio|med)rxiv\.org")
_PREPRINT = re.compile(r"/content/(10\.\d{4,9}/[\d.]*\d)(?:v\d+)?(?:\.[\w.-]+)?/?")
_PUBLISHED = re.compile(r"/(?:doi|article|chapter)/(?:\w+/)?(10\.\d{4,9}/\S+)")
_DOI_SITES = re.compile(r"(?:dx\.)?doi\.org")
_NATURE = re.compile(r"/articles/([\w.-]+?)(?:\.pdf)?/?")
_IS_ADDRESS = re.compile(r"https?://|(?:arxiv:)?\d{4}\.\d{4}", re.IGNORECASE)  # of what is no label
_NAMED = re.compile(r"(doi|arxiv):\s*(?=\S)", re.IGNORECASE)
# What an address that lost its scheme begins with.
_BARE = re.compile(
    r"(?:[\w-]+\.)?(?:arxiv\.org|openreview\.net|doi\.org|huggingface\.co|alphaxiv\.org|aclanthology\.org)/",
    re.IGNORECASE,
)


def whole(url: str, base: str = "") -> str:
    """Complete an address: a scheme that was left out, `doi:` and `arXiv:`, and what is relative to `base`."""
    url = url.strip()
    if named := _NAMED.match(url):
        site = "https://doi.org/" if named[1].lower() == "doi" else "https://arxiv.org/abs/"
        return site + url[named.end() :]
    if _BARE.match(url):
        return f"https://{url}"
    if base and not urlsplit(url).scheme:
        return urljoin(base.rstrip("/") + "/", url)
    return url


@lru_cache(4096)
def identity(url: str) -> str:
    """Name the paper that an address names, "" for an address of anything else.

    Addresses of one paper have the same identity: `arxiv:2501.00001` on all sites about arXiv, else `doi:10.…`,
    `openreview:…` and so on. A subject class of an old arXiv id does not count.
    """
    if arxiv := arxiv_id(url):
        return "arxiv:" + re.sub(r"\.[\w-]+(?=/)", "", arxiv)
    return _elsewhere(url) if safe(url) else ""


def _elsewhere(url: str) -> str:
    host, path = _page(url)
    if host == "openreview.net":
        number = parse_qs(urlsplit(url).query).get("id", [""])[0]
        return f"openreview:{number}" if number and path in {"/forum", "/pdf", "/attachment"} else ""
    if doi := _doi(host, path):
        return f"doi:{doi.lower()}"
    matches = ((kind, where.fullmatch(path)) for kind, site, where in _PAGES if site.fullmatch(host))
    return next((f"{kind}:{found[1].lower()}" for kind, found in matches if found), "")


def _page(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc.lower().removeprefix("www."), unquote(parts.path)


@lru_cache(4096)
def arxiv_id(url: str) -> str:
    """Give the arXiv id without version that an address names, on arXiv or a site about its papers, or ""."""
    if not _MAY_BE_ARXIV.search(url) or not safe(url):
        return ""
    host, path = _page(url)
    for site, page in _ARXIV_PAGES:
        if site.fullmatch(host) and (found := page.fullmatch(path)):
            return _spelled(found[1])
    found = _ARXIV_DOI.fullmatch(path.strip("/")) if _DOI_SITES.fullmatch(host) else None
    return _spelled(found[1]) if found else ""


def paper_id(url: str) -> str:
    """Give the id of the paper that an address names: an arXiv id as it is, else its identity, or ""."""
    return arxiv_id(url) or identity(url)


def typed_arxiv_id(text: str) -> str:
    """Give the arXiv id without version that a reader typed, bare or in the address of a page about it, or ""."""
    return arxiv_id(whole(text)) or arxiv_id(f"https://arxiv.org/abs/{text}")


def row(paper: Paper) -> tuple[Link, ...]:
    """List where to read a paper: derived from its arXiv id first, then those of the post.

    A post's own link to the same paper on the same site replaces the derived one: it may be a translation,
    and the author chose its label.
    """
    arxiv = arxiv_id(paper.url)
    derived = _derived(arxiv, paper.url)
    by_key = dict(derived)
    for link in paper.links:
        key = _key(link.url, arxiv)
        if safe(link.url):
            taken = key in by_key and by_key[key] != derived.get(key)
            label = derived[key].label if key in derived and _IS_ADDRESS.match(link.label) else link.label
            by_key[f"{key} {link.label}" if taken else key] = Link(label, link.url)
    return tuple(dict.fromkeys(Link(link.label, safe(link.url)) for link in by_key.values()))


def html_version(paper: Paper) -> str:
    """Give the address of a paper's HTML version at arXiv, which telephones show better than a PDF; "" without one."""
    return next((link.url for link in row(paper) if _HTML.match(link.url)), "")


def _derived(arxiv: str, url: str) -> dict[str, Link]:
    """Give the links that follow from a paper's address, by their keys."""
    if not arxiv:
        return {url: Link(urlsplit(url).netloc, url)} if safe(url) else {}
    html = {"arxiv.org/html": Link("HTML", f"https://arxiv.org/html/{arxiv}")} if arxiv >= _FIRST_IN_HTML else {}
    return {
        "arxiv.org": Link("arXiv", f"https://arxiv.org/abs/{arxiv}"),
        "arxiv.org/pdf": Link("PDF", f"https://arxiv.org/pdf/{arxiv}"),
        **(html if arxiv[0].isdigit() else {}),
        "alphaxiv.org": Link("alphaXiv", f"https://www.alphaxiv.org/abs/{arxiv}"),
        "huggingface.co": Link("Hugging Face", f"https://huggingface.co/papers/{arxiv}"),
    }


def _key(url: str, arxiv: str) -> str:
    """Give the key of an address; addresses of one paper on one site share it."""
    if not arxiv or arxiv not in url or not safe(url):
        return url
    parts = urlsplit(url)
    kind = next((kind for kind in ("/pdf", "/html") if parts.path.startswith(f"{kind}/")), "")
    return parts.netloc.lower().removeprefix("www.") + kind


def _spelled(arxiv: str) -> str:
    """Spell an arXiv id as arXiv does: math.GT/0309136."""
    return re.sub(r"\.[a-z]{2}/", lambda subject: subject[0].upper(), arxiv.lower())


def _doi(host: str, path: str) -> str:
    if _PREPRINT_SITES.fullmatch(host):
        found = _PREPRINT.fullmatch(path)
        return found[1] if found else ""
    if _DOI_SITES.fullmatch(host):
        return path.strip("/") if _DOI.fullmatch(path.strip("/")) else ""
    if host == "nature.com":
        found = _NATURE.fullmatch(path)
        return f"10.1038/{found[1]}" if found else ""
    found = _PUBLISHED.search(path)
    return re.sub(r"(?:\.pdf|/full|/abstract|/)$", "", found[1]) if found else ""
