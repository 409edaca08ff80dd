"""Which paper an address names."""

from __future__ import annotations

import pytest

from formatters.addresses import identity, paper_id, whole


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/2509.07985",
        "http://arxiv.org/abs/2509.07985v2",
        "https://www.arxiv.org/pdf/2509.07985v12.pdf",
        "https://arxiv.org/html/2509.07985v1#S3",
        "https://arxiv.org/abs/2509.07985?context=cs.LG",
        "https://arxiv.org/abs/2509.07985/",
        "https://export.arxiv.org/abs/2509.07985",
        "https://ar5iv.labs.arxiv.org/html/2509.07985",
        "https://ar5iv.org/abs/2509.07985",
        "https://www.alphaxiv.org/abs/2509.07985",
        "https://alphaxiv.org/ko/overview/2509.07985v1",
        "https://huggingface.co/papers/2509.07985",
        "https://hf.co/papers/2509.07985",
        "https://doi.org/10.48550/arXiv.2509.07985",
        "https://scirate.com/arxiv/2509.07985",
        "https://papers.cool/arxiv/2509.07985",
    ],
)
def test_one_arxiv_paper_on_many_sites(url: str) -> None:
    assert (identity(url), paper_id(url)) == ("arxiv:2509.07985", "2509.07985")


@pytest.mark.parametrize("spelled", ["math.GT/0309136", "math.gt/0309136v2", "math/0309136"])
def test_the_subject_class_of_an_old_id_does_not_count(spelled: str) -> None:
    assert identity(f"https://arxiv.org/abs/{spelled}") == "arxiv:math/0309136"
    assert paper_id("https://arxiv.org/abs/math.gt/0309136v2") == "math.GT/0309136"


@pytest.mark.parametrize(
    ("name", "urls"),
    [
        (
            "doi:10.1145/3292500.3330701",
            ["doi.org/10.1145/3292500.3330701", "dl.acm.org/doi/abs/10.1145/3292500.3330701"],
        ),
        ("doi:10.1016/s0022-0000(00)00001-2", ["dx.doi.org/10.1016/S0022-0000(00)00001-2"]),
        ("doi:10.1007/s11263-019-01228-7", ["link.springer.com/article/10.1007/s11263-019-01228-7"]),
        ("doi:10.1038/s41586-020-03157-9", ["www.nature.com/articles/s41586-020-03157-9"]),
        ("doi:10.1101/2024.01.01.573000", ["www.biorxiv.org/content/10.1101/2024.01.01.573000v2.full"]),
        ("doi:10.64898/2026.07.15.738681", ["www.medrxiv.org/content/10.64898/2026.07.15.738681v1.full.pdf"]),
        ("openreview:AbC_1-x", ["openreview.net/forum?id=AbC_1-x&noteId=yZ", "openreview.net/pdf?id=AbC_1-x"]),
        ("acl:2023.acl-long.1", ["aclanthology.org/2023.acl-long.1/", "aclanthology.org/2023.acl-long.1.pdf"]),
        ("acl:p19-1001", ["www.aclweb.org/anthology/P19-1001/", "aclanthology.org/P19-1001"]),
        ("pmlr:v202/a23a", ["proceedings.mlr.press/v202/a23a.html", "proceedings.mlr.press/v202/a23a/a23a.pdf"]),
        (
            "cvf:kim_plans_cvpr_2021_paper",
            [
                "openaccess.thecvf.com/content/CVPR2021/html/Kim_Plans_CVPR_2021_paper.html",
                "openaccess.thecvf.com/content/CVPR2021/papers/Kim_Plans_CVPR_2021_paper.pdf",
            ],
        ),
        (f"s2:{'0af' * 13}1", [f"www.semanticscholar.org/paper/Plans-Kim/{'0af' * 13}1"]),
        ("pubmed:12345", ["pubmed.ncbi.nlm.nih.gov/12345/", "www.ncbi.nlm.nih.gov/pubmed/12345"]),
        ("pmc:pmc99", ["pmc.ncbi.nlm.nih.gov/articles/PMC99/", "www.ncbi.nlm.nih.gov/pmc/articles/PMC99"]),
    ],
)
def test_papers_elsewhere(name: str, urls: list[str]) -> None:
    assert {identity(f"https://{url}") for url in urls} == {name}
    assert paper_id(f"https://{urls[0]}") == name


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "https://github.com/user/repo",
        "https://arxiv.org/list/cs.AI/recent",
        "https://arxiv.org/abs/",
        "https://openreview.net/group?id=ICLR.cc",
        "https://openreview.net/forum",
        "https://aclanthology.org/venues/acl/",
        "https://www.biorxiv.org/about",
        "https://doi.org/",
        "https://www.nature.com/nature",
        "https://huggingface.co/papers",
        "https://notarxiv.org/abs/2509.07985",
        "javascript://arxiv.org/abs/2509.07985",
    ],
)
def test_addresses_of_no_paper(url: str) -> None:
    assert identity(url) == paper_id(url) == ""


@pytest.mark.parametrize(
    ("url", "completed"),
    [
        ("arxiv.org/abs/2509.07985", "https://arxiv.org/abs/2509.07985"),
        ("www.arxiv.org/abs/2509.07985", "https://www.arxiv.org/abs/2509.07985"),
        ("doi:10.1000/182", "https://doi.org/10.1000/182"),
        ("arXiv: 2509.07985", "https://arxiv.org/abs/2509.07985"),
        ("/papers/x", "https://a.org/blog/../papers/x".replace("blog/../", "")),
        ("papers/x.md", "https://a.org/blog/papers/x.md"),
        ("https://b.org/x", "https://b.org/x"),
        ("mailto:a@b.org", "mailto:a@b.org"),
    ],
)
def test_addresses_are_completed(url: str, completed: str) -> None:
    assert whole(url, "https://a.org/blog") == completed


def test_without_a_base_a_relative_address_stays() -> None:
    assert whole("papers/x.md") == "papers/x.md"
