"""What the set-up says in Korean."""

from __future__ import annotations

from bot.cli.init.wording.catalogue import Wording

WORDING = Wording(
    language="ko",
    enter="Enter만 누르면 [괄호] 안의 값을 씁니다.",
    pick=lambda most: f"1부터 {most}까지의 번호나 그 이름을 입력해 주세요",
    replace=lambda files: f"{', '.join(files)} 파일이 이미 있습니다. 바꿀까요?",
    keep="아니요, 그만두기",
    replace_them="예, 바꾸기",
    kept="{files}: 그대로 두었습니다. 아무것도 쓰지 않았습니다",
    kept_by_file="{files}: 이미 있어 아무것도 쓰지 않았습니다. 바꾸려면 replace = true",
    platform="다이제스트를 어디로 보낼까요?",
    platforms={"telegram": "텔레그램", "slack": "슬랙", "both": "둘 다"},
    which_bot="""봇의 토큰. 텔레그램에서 @BotFather에게 /newbot을 보내면 봇이 생깁니다.
입력하는 글자는 화면에 보이지 않습니다.""",
    not_a_bot="토큰이 아닙니다. 123456:ABC-DEF처럼 생겼습니다",
    bot_refused="텔레그램이 이 토큰을 거부합니다. @BotFather에서 다시 복사해 주세요",
    telegram_chat="""채팅방. Enter를 누른 뒤 @{bot} 봇을 추가하면 저절로 찾습니다.
  채널: 채널 이름, 관리자, 관리자 추가, @{bot};
    권한은 ‘메시지 게시’만 남깁니다
  그룹: 그룹 이름, 멤버 추가, @{bot}
  나에게: t.me/{bot}을 열고 ‘시작’을 누릅니다
또는 @이름이나 번호를 적어 주세요.""",
    no_address="채팅방 주소가 아닙니다. @이름, -1001234567890, 토픽은 -1001234567890:77처럼 적어 주세요",
    waiting="""봇이 추가되거나 메시지가 오기를 기다립니다 … (Ctrl-C로 멈춥니다)
봇이 이미 있나요? 뺐다가 다시 추가하거나 채팅방의 @이름을 적어 주세요.""",
    found_chat="{title} ({address})",
    which_found="찾았습니다. 여기로 보낼까요?",
    wait_on="아니요, 다른 채팅방을 기다리기",
    other_program="다른 프로그램이 이 봇을 쓰고 있습니다. 실행 중인 Paperboy를 먼저 멈춘 뒤 Enter를 눌러 주세요",
    missing_rights={
        "MEMBER": "봇이 그룹에 없습니다. 그룹을 열고 이름, 멤버 추가, @{bot}을 누르세요",
        "SPEAK": "봇이 메시지를 쓸 수 없습니다. 그룹을 열고 이름, 권한, 예외, @{bot}에서 허용하세요",
        "POST": "봇이 글을 올릴 수 없습니다. 채널을 열고 이름, 관리자, 관리자 추가, @{bot}에서"
        " ‘메시지 게시’를 허용하세요",
        "NO_EDITS": "봇이 다른 사람의 글을 고칠 수 있으면 응답을 잃은 메시지를 찾을 수 없습니다. 채널을 열고"
        " 이름, 관리자, @{bot}에서 ‘메시지 편집’을 빼세요",
    },
    look_again="했습니다. 다시 확인하기",
    other_chat="다른 채팅방 고르기",
    go_on="이대로 계속하기",
    has_app="Paperboy용 슬랙 앱이 이미 있나요?",
    has_app_options={"no": "아니요, 만드는 방법 보기", "yes": "예"},
    manifest="""위의 매니페스트로 앱을 만듭니다.
  1. api.slack.com/apps: Create New App, From a manifest, 워크스페이스.
  2. YAML을 고르고 위의 내용을 붙여 넣은 뒤 Next, Create를 누릅니다.
  3. Install App, Install to Workspace를 누릅니다. 다음에 이 토큰을 입력합니다.""",
    manifest_file="같은 내용이 {file}에 있습니다",
    which_app="""xoxb-로 시작하는 앱의 봇 토큰: Install App, Bot User OAuth Token.
입력하는 글자는 화면에 보이지 않습니다.""",
    not_an_app="봇 토큰이 아닙니다. xoxb-로 시작합니다",
    app_refused="슬랙이 이 토큰을 거부합니다. 앱 페이지에서 다시 복사해 주세요",
    lacking_scopes="앱에 권한이 부족합니다: {scopes}. 앱 페이지의 App Manifest에 Paperboy의 매니페스트"
    " (deploy/slack-manifest.yaml)를 붙여 넣고 저장한 뒤 앱을 다시 설치하세요",
    socket_app="""명령과 버튼을 위한 앱 수준 토큰: Basic Information, App-Level Tokens,
Generate, connections:write. 입력하는 글자는 화면에 보이지 않습니다.
Enter만 누르면 명령 없이 다이제스트만 보냅니다.""",
    not_a_socket_app="앱 수준 토큰이 아닙니다. xapp-로 시작합니다",
    listens="명령과 버튼을 쓸 수 있습니다",
    only_delivers="앱 수준 토큰이 없어 다이제스트만 보내고 명령에는 답하지 않습니다",
    slack_chat="""채널: 위의 번호, #이름 또는 ID. Enter를 누르면 다시 찾습니다.
비공개 채널은 앱을 초대해야 보이며, ID는 채널 세부 정보의 맨 아래에 있습니다.""",
    not_invited="초대되지 않음: 그 채널에 `/invite {app}` 입력",
    no_channel="목록에 그런 채널이 없습니다. 비공개 채널이면 앱을 /invite로 초대하거나 ID를 적어 주세요",
    not_writable={
        "not_in_channel": "앱이 채널에 없습니다. 그 채널에 /invite {app}라고 적어 주세요",
        "channel_not_found": "슬랙이 보여 주지 않는 채널입니다. 비공개 채널이면"
        " 그곳에 /invite {app}라고 적고, 아니면 ID를 확인해 주세요",
        "is_archived": "보관된 채널입니다. 보관을 풀거나 다른 채널을 골라 주세요",
    },
    source="논문을 어디에서 가져올까요?",
    source_kinds={
        "folder": "이 컴퓨터에 있는 글 폴더",
        "git": "글이 있는 git 저장소",
        "huggingface": "Hugging Face: Daily Papers",
        "arxiv": "arXiv: 분야별 새 논문",
        "feed": "피드: RSS, Atom, JSON Feed",
    },
    source_addresses={
        "folder": "글이 있는 폴더",
        "git": "git clone에 쓰는 저장소 주소: https://github.com/me/blog.git",
        "arxiv": "분야: cs.CL cs.LG",
        "feed": "피드 주소: https://example.org/feed.xml",
    },
    nothing_said="하나를 적어 주세요",
    no_folder="{path}: 그런 폴더가 없습니다",
    no_web_address="웹 주소가 아닙니다. https://example.org/feed.xml처럼 적어 주세요",
    looking="살펴보는 중 …",
    posts_found=lambda posts, digests, papers: (
        f"글 {posts}개를 읽었습니다: 다이제스트 {digests}개, 논문 {papers}편. 최신 글:"
    ),
    more=lambda papers: f"외 {papers}편",
    no_papers_now="지금은 주말처럼 논문이 없습니다. 다음 것부터 보냅니다",
    nearest="논문에 가장 가까운 것:",
    lost="이해하지 못한 {line}번째 줄: {words}",
    explain="더 보기: `{command}`",
    no_digest="다이제스트를 찾지 못했습니다",
    other_source="다른 곳 적기",
    go_on_without_digest="계속하기. 곧 생깁니다",
    hour="몇 시에 보낼까요 (HH:MM)?",
    no_hour="시각이 아닙니다. 08:30처럼 적어 주세요",
    zone="어느 시간대인가요?",
    no_zone="‘{zone}’: 그런 시간대가 없습니다. Asia/Seoul이나 UTC처럼 적어 주세요",
    near_zone="‘{zone}’: 그런 시간대가 없습니다. 혹시 {near}인가요?",
    headings={"index": "목록", "paper": "첫 논문", "digest": "다이제스트"},
    more_messages=lambda count: f"… 첫 논문과 같은 메시지가 {count}개 더 있습니다",
    send="""이렇게 보입니다.
이 메시지들을 지금 보낼까요? 받는 곳: {chats}.""",
    rest="나머지는 {at}({zone})에 보내며, `{command}` 명령으로 바로 보낼 수도 있습니다.",
    rest_when_run="나머지는 Paperboy가 실행되면 보내며, `{command}` 명령으로 바로 보낼 수도 있습니다.",
    send_now="예, 첫 논문 보내기",
    send_nothing="아니요, 아직 보내지 않기",
    sent="{chat}에 보냈습니다",
    nothing_to_send="지금 보낼 것이 없습니다. 이미 있거나, 시각이나 글의 완성을 기다립니다 (`{command}`)",
    comment="`paperboy init`이 썼습니다. 다른 설정은 `paperboy settings`가 보여 줍니다.",
    written="{file} 파일과 {env} 파일을 썼습니다",
    go_on_with="이어서 할 일:",
    doctor="모두 점검합니다",
    deliver="최신 다이제스트를 지금 보냅니다",
    deliver_rest="나머지를 지금 보냅니다",
    run="매일 {at}({zone})에 보냅니다",
    run_and_answer="매일 {at}({zone})에 보내고, 독자에게 답합니다",
    service="systemd로 계속 실행할까요?",
    yes_or_no={"no": "아니요", "yes": "예"},
    service_commands="다음 명령으로 설치하고 시작합니다:",
    service_runs="실행 중입니다. `systemctl status paperboy`로 볼 수 있습니다",
    stopped="멈췄습니다. 아무것도 쓰지 않았습니다.",
    stopped_at_last="멈췄습니다. 설정은 써 두었습니다.",
)
