"""The people of a Slack workspace, and the App Home that each of them sees."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from tests.support.fakes.server import Arguments
from tests.support.fakes.slack_channels import APP, BOT, TEAM
from tests.support.fakes.slack_content import explain, home, refuse
from tests.support.fakes.slack_presses import with_ids


@dataclass
class Person:
    """Somebody in the workspace; tests set the conditions."""

    id: str
    name: str
    locale: str = "en-US"
    admin: bool = False
    owner: bool = False
    bot: bool = False
    guest: bool = False  # of several channels
    team: str = TEAM  # another one: somebody in a shared channel
    enterprise: list[str] = field(default_factory=list)  # the workspaces of an organisation that somebody is in
    tz: str = "Asia/Seoul"
    home: dict[str, Any] = field(default_factory=dict)  # the view as it was published; empty for none


class People:
    """Everybody, by id."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self.home_enabled = True  # the Home tab, in the app's settings
        self.add(Person(BOT["user_id"], "paperboy", bot=True))

    def __getitem__(self, user: str) -> Person:
        return self._people[user]

    def __contains__(self, user: object) -> bool:
        return user in self._people

    def add(self, person: Person) -> Person:
        """Let somebody join the workspace."""
        self._people[person.id] = person
        return person

    def met(self, user: str) -> Person:
        """Give somebody who acts, and so is there: somebody unknown is named after the id."""
        return self._people.get(user) or self.add(Person(user, user.lower()))

    def known(self, user: Any) -> Person:
        """Give the person that a call names."""
        return self._people.get(str(user)) or refuse("user_not_found")

    # The methods

    def info(self, arguments: Arguments) -> dict[str, Any]:
        """Say who somebody is (users.info); the language only when asked for."""
        person = self.known(arguments.get("user"))
        locale = {"locale": person.locale} if arguments.get("include_locale") else {}
        roles = {"is_admin": person.admin or person.owner, "is_owner": person.owner, "is_bot": person.bot}
        roles |= {"is_restricted": person.guest, "is_ultra_restricted": False}
        names = {"name": person.name, "real_name": person.name, "profile": {"display_name": person.name}}
        grid = {"enterprise_user": {"teams": person.enterprise}} if person.enterprise else {}
        known = {"id": person.id, "team_id": person.team, "deleted": False, "tz": person.tz}
        return {"user": known | names | roles | locale | grid}

    def publish(self, arguments: Arguments) -> dict[str, Any]:
        """Show somebody an App Home (views.publish); `hash` guards against overwriting a newer one."""
        if not self.home_enabled:
            refuse("not_enabled")
        user = arguments.get("user_id")
        if user not in self._people:
            explain("invalid_arguments", f"no user {user}")
        person, view = self._people[str(user)], home(arguments.get("view"))
        if "hash" in arguments and arguments["hash"] != view_of(person).get("hash"):
            refuse("hash_conflict")
        person.home = view
        return {"view": view_of(person)}


def view_of(person: Person) -> dict[str, Any]:
    """Give the published view as Slack sends it around; empty for none."""
    if not person.home:
        return {}
    digest = hashlib.sha256(json.dumps(person.home).encode()).hexdigest()[:8]
    owner = {"id": f"V0{person.id[1:]}", "team_id": TEAM, "app_id": APP, "bot_id": BOT["bot_id"], "hash": digest}
    absent = {"private_metadata": "", "callback_id": "", "external_id": "", "state": {"values": {}}}
    return absent | person.home | owner | {"blocks": with_ids(person.home["blocks"])}
