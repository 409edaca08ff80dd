"""The words that digests name their sections, lines and columns with, in Korean, English, Chinese and Japanese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

LONGEST = 40  # characters of a name

# What a section or a labelled line says of its paper; of two kinds with one word the first counts.
_SAYS = {
    "brief": (
        "one line|one-line summary|one line summary|in one sentence|in short|gist|한 줄 요약|한줄 요약|"
        "한줄요약|한 문장 요약|핵심 요약|핵심요약|세 줄 요약|3줄 요약|一句话总结|一句话摘要|一句话要点|"
        "一句话概括|一句话|一言以蔽之|一言でいうと|一行要約|一言要約|ひとことで|ひとこと要約"
    ),
    "abstract": (
        "abstract|summary|ai summary|synopsis|초록|요약|논문 요약|개요 요약|摘要|中文摘要|概要|总结|总结摘要|"
        "论文摘要|核心内容|内容概要|简介|要約|要旨|アブストラクト|論文概要"
    ),
    "introduction": "introduction|intro|overview|서론|소개|개요|引言|介绍|概述|論文の概要|はじめに|導入|序論",
    "goal": (
        "goal|goals|objective|objectives|aim|aims|problem|problem statement|purpose|research question|목표|"
        "목적|연구 목표|연구 목적|문제|문제 정의|目标|目的|研究目标|研究目的|研究问题|问题|解决的问题|"
        "解決する課題|課題"
    ),
    "motivation": ("motivation|background|context|동기|배경|연구 배경|动机|背景|研究动机|研究背景|動機|研究の背景"),
    "contribution": (
        "contribution|contributions|key contribution|key contributions|main contribution|main contributions|"
        "key idea|novelty|core idea|기여|공헌|주요 기여|핵심 기여|핵심 아이디어|핵심|贡献|主要贡献|核心贡献|"
        "核心创新|创新点|主要创新|核心思想|核心观点|貢献|主な貢献|新規性|ポイント"
    ),
    "method": (
        "method|methods|methodology|approach|technique|techniques|how it works|proposed method|architecture|"
        "방법|방법론|접근법|접근 방법|제안 방법|기법|方法|研究方法|技术方法|方法概述|技术路线|手法|提案手法|"
        "アプローチ"
    ),
    "results": (
        "results|result|key results|main results|experiments|evaluation|findings|key findings|performance|"
        "evidence|결과|실험|실험 결과|주요 결과|핵심 결과|성과|성능|结果|实验|实验结果|主要结果|关键结果|"
        "核心发现|主要发现|效果|結果|実験|実験結果|主な結果|評価"
    ),
    "limitations": (
        "limitations|limitation|weaknesses|한계|한계점|제한점|局限|局限性|不足|限制|限界|制限|課題と限界|未解決の問題"
    ),
    "conclusion": "conclusion|conclusions|takeaway|takeaways|결론|结论|結論|まとめ",
    "other": (
        "discussion|analysis|insight|insights|implications|implication|impact|significance|why it matters|"
        "strengths|applications|future work|notes|comments|comment|details|key points|highlights|related work|"
        "references|q&a|faq|시사점|의의|의미|분석|장점|단점|강점|약점|활용|후속 연구|향후 연구|관련 연구|"
        "참고 문헌|참고문헌|코멘트|인사이트|핵심 포인트|주요 내용|핵심 내용|상세|상세 내용|讨论|分析|意义|启示|"
        "优势|优点|缺点|应用|应用场景|未来工作|相关工作|参考文献|点评|解读|要点|关键要点|亮点|考察|議論|意義|"
        "示唆|応用|今後の課題|関連研究|詳細|所感|感想"
    ),
}
# What a labelled line, a section or a column says of the paper's circumstances: never a sentence about it.
_METADATA = {
    "link": (
        "link|links|url|urls|paper|paper link|paper links|arxiv|arxiv link|arxiv id|pdf|pdf link|html|abs|doi|"
        "source|resources|original|original paper|read|read more|논문|논문 링크|링크|원문|원문 링크|출처|주소|"
        "链接|论文链接|论文|论文地址|原文|原文链接|来源|地址|論文|論文リンク|リンク|出典|原論文"
    ),
    "code": (
        "code|github|repo|repository|project|project page|demo|website|page|data|dataset|model|models|"
        "hugging face|코드|깃허브|프로젝트|데모|데이터|데이터셋|代码|项目|项目主页|数据集|主页|コード|"
        "プロジェクト|データ"
    ),
    "author": (
        "author|authors|author(s)|by|first author|affiliation|affiliations|institution|institutions|organization|lab|"
        "team|저자|저자명|소속|기관|연구진|作者|机构|单位|作者单位|团队|著者|所属|機関"
    ),
    "date": (
        "date|publish date|update date|submission date|release date|"
        "published|publication date|published on|submitted|updated|posted|year|day|날짜|일자|게재일|"
        "발표일|출판일|공개일|제출일|연도|日期|发布|发布日期|发表日期|发布时间|时间|更新|年份|日付|公開日|"
        "投稿日|発表日"
    ),
    "score": (
        "score|rating|rank|votes|upvotes|upvote|likes|stars|star|citations|priority|relevance|relevance score|"
        "difficulty|confidence|importance|recommendation|점수|평점|별점|추천|추천도|추천수|순위|중요도|관련도|"
        "관련성|인용|인용수|난이도|评分|得分|推荐|推荐度|推荐指数|点赞|热度|排名|相关性|相关度|引用|优先级|"
        "阅读优先级|難易度|評点|スコア|評価点|おすすめ度|いいね|重要度"
    ),
    "topic": (
        "category|categories|primary category|subject|subjects|topic|topics|tag|tags|keyword|keywords|track|"
        "field|area|type|venue|conference|journal|comments on arxiv|status|version|license|number|no|id|#|"
        "paper id|분류|카테고리|분야|주제|태그|키워드|트랙|유형|학회|저널|게재|상태|번호|标签|分类|类别|领域|"
        "方向|主题|关键词|关键字|会议|期刊|编号|序号|类型|研究领域|カテゴリ|カテゴリー|分野|トピック|タグ|"
        "キーワード|学会|会議|ジャーナル|番号|種別"
    ),
    "title": (
        "title|paper title|full title|original title|english title|name|제목|논문 제목|논문제목|원제|영문 제목|"
        "영어 제목|标题|论文标题|原标题|英文标题|中文标题|题目|論文タイトル|タイトル|題名|原題"
    ),
    "about": (
        "meta|metadata|info|information|paper info|논문 정보|기본 정보|메타|基本信息|论文信息|元信息|論文情報|"
        "基本情報|書誌情報"
    ),
}


def _words(listed: str) -> list[str]:
    return [word for word in listed.split("|") if word]


_SAYING = {word: kind for kind, listed in reversed(_SAYS.items()) for word in _words(listed)}
_SAYING |= dict.fromkeys(("tl;dr", "tldr", "tl dr", "tl", "one-liner", "one-line"), "brief")
_TELLING = {word: kind for kind, listed in _METADATA.items() for word in _words(listed)}
# Section names that may as well close a whole digest.
_CLOSING = frozenset(
    _words(
        "conclusion|conclusions|highlights|insights|overview|references|summary|takeaways|まとめ|参考文献|总结|"
        "感想|所感|概述|결론|시사점|요약|인사이트|정리|참고 문헌|참고문헌"
    )
)
# What stands over lists of works that a post refers to.
REFERENCES = frozenset(
    _words(
        "bibliography|citations|further reading|links|more reading|reading list|reference|references|"
        "related papers|related reading|related work|related works|resources|see also|sources|リンク|出典|参考|"
        "参考リンク|参考文献|参考资料|参考链接|延伸阅读|引用|扩展阅读|相关工作|相关论文|相关阅读|链接|"
        "関連リンク|関連研究|関連論文|관련 논문|관련 연구|관련 자료|더 읽을거리|링크|참고|참고 문헌|참고 자료|"
        "참고문헌|참고자료|출처"
    )
)
_AROUND = re.compile(r"^[\W\d_]+|[\W_]+$")
_ASIDE = re.compile(r"\s*[(（\[【].*$")  # "摘要 (Abstract)"
_PARTS = re.compile(r"\s*(?:[/&+·,、|]|\band\b)\s*")  # "Background & Motivation"


def known(name: str) -> str:
    """Give a name as it is looked up: without numbers, emoji and marks around it, in small letters, composed."""
    return _AROUND.sub("", " ".join(unicodedata.normalize("NFKC", name).casefold().split()))


@lru_cache(2048)
def says(name: str) -> str:
    """Tell what a section or line of this name says about its paper: "goal", "results", …, or ""."""
    return _looked_up(name, _SAYING)


@lru_cache(2048)
def tells(name: str) -> str:
    """Tell which circumstance of its paper a line or column of this name gives: "author", "link", …, or ""."""
    return "score" if name.strip() in {"⭐", "★", "👍"} else _looked_up(name, _TELLING)


def _looked_up(name: str, kinds: Mapping[str, str]) -> str:
    if len(name) > LONGEST:
        return ""
    word = known(name)
    shorter = (_ASIDE.sub("", word), _PARTS.split(word, 1)[0])
    return kinds.get(word) or next((kinds[one] for one in map(known, shorter) if one in kinds), "")


@lru_cache(2048)
def is_section(name: str) -> bool:
    """Tell whether a heading of this name is a paper's section."""
    return bool(says(name) or tells(name))


def may_close(name: str) -> bool:
    """Tell whether a section's name may also be that of the end of a digest."""
    return known(name) in _CLOSING
