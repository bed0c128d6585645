"""What tasks ask people: the bridge against the stand-in, with a real daemon whose tasks have doors."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

import pytest
import test_bridge
import test_bridge_commands
from test_bridge import PROGRAMS, Scene
from test_bridge_commands import Talk, is_private, log, text

from standin.verbs import clicks, look, people, trouble

pytestmark = pytest.mark.skipif(not (PROGRAMS / "orch-discord").exists(), reason="orch-discord is not built: swift build")

stage = test_bridge.scene
talk = test_bridge_commands.talk

# Asks what the last line of its prompt says, and what it heard is its answer.
SCRIPT = """
prompt=$(cat)
ask() { {orchctl} ask "$@" || echo "status $?"; }
case $prompt in
  *deploy*) echo "heard: $(ask "Deploy, @everyone? <@&1> [x](http://y)" --choice yes --choice no --text)" ;;
  *name*) echo "heard: $(ask "Which name?")" ;;
  *hurry*) echo "heard: $(ask "Quick?" --choice yes --choice no --timeout 2 --default no)" ;;
  *late*) echo "heard: $(ask "Anybody?" --choice yes --timeout 2)" ;;
  *two*)
    ask "First?" --choice a --choice b > {here}/first &
    ask "Second?" --choice c --choice d > {here}/second
    wait; echo "heard: $(cat {here}/first {here}/second)" ;;
  *) echo "the answer to **$prompt**" ;;
esac
"""


@pytest.fixture
def asking(talk: Talk) -> Talk:
    here = talk.scene.here
    (here / "agent").write_text(SCRIPT.replace("{here}", str(here)).replace("{orchctl}", str(PROGRAMS / "orchctl")))
    (here / "pools.d/default.toml").write_text('slots = 2\nagent = "script"\n[spawn]\npools = []\n')
    return talk


async def begin(talk: Talk) -> None:
    await talk.scene.until("the daemon", lambda: (talk.scene.here / "sock").exists())
    talk.scene.ctl("reload")
    await talk.start()


async def restart(scene: Scene) -> None:
    """A bridge that was killed is back, and hears what people do."""
    before = log(scene).count("begun a new session")
    scene.start_bridge()
    await scene.until("the session", lambda: log(scene).count("begun a new session") > before)


def questions(scene: Scene, message: str) -> list[dict[str, Any]]:
    """The messages about questions in the thread of a task."""
    return [each for each in scene.thread(message) if each["embeds"] and "Question " in each["embeds"][0]["title"]]


def open_ones(scene: Scene, message: str) -> list[dict[str, Any]]:
    return [each for each in questions(scene, message) if each["components"]]


async def asked(scene: Scene, message: str, count: int = 1) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await scene.until(
        "the question", lambda: open_ones(scene, message) if len(open_ones(scene, message)) == count else None
    )
    return found


async def ended(scene: Scene, message: str, title: str, *values: str) -> dict[str, Any]:
    """The question, when it says what has come of it."""

    def found() -> dict[str, Any] | None:
        shown = questions(scene, message)
        return shown[0] if len(shown) == 1 and title in shown[0]["embeds"][0]["title"] else None

    question: dict[str, Any] = await scene.until(title, found)
    assert question["components"] == []
    assert [each["value"] for each in question["embeds"][0].get("fields", [])] == list(values)
    return question


async def heard(scene: Scene, message: str, answer: str) -> None:
    await scene.until(f"what the task heard: {answer}", lambda: f"heard: {answer}" in json.dumps(scene.thread(message)))


def user(scene: Scene, name: str) -> str:
    return next(str(each.id) for each in scene.discord.world.users.values() if each.username == name)


def record(scene: Scene) -> list[dict[str, Any]]:
    done = subprocess.run(
        [PROGRAMS / "orchctl", "--socket", scene.here / "sock", "questions", "--all", "--json"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    found: list[dict[str, Any]] = json.loads(done.stdout)["questions"]
    return found


async def test_a_question_is_answered_by_a_button(asking: Talk) -> None:
    scene = asking.scene
    await begin(asking)
    message = scene.say("deploy")
    question = (await asked(scene, message))[0]
    alice = user(scene, "alice")
    assert question["content"] == f"<@{alice}> Task 1 asks:"
    assert [each["id"] for each in question["mentions"]] == [alice]
    assert not question["mention_everyone"] and not question["mention_roles"]
    assert [each["label"] for each in question["components"][0]["components"]] == ["yes", "no", "Answer …"]
    await scene.until("the count", lambda: "Open questions" in json.dumps(scene.status()))
    assert "1 question open" in await asking.says("status")
    assert "asking" in await asking.says("list")
    assert await asking.choices("answer", "task") == ["1"]
    # A message in the thread is none.
    said = str(people.say(scene.discord, "alice", message, "yes")["id"])
    await scene.shown(said, "❌", message)
    assert "use the buttons below its question" in json.dumps(scene.thread(message))
    reply = await asking.click(question["id"], "yes")
    assert is_private(reply) and "Your answer to question 1.q1" in text(reply)
    await ended(scene, message, "was answered", "yes", f"<@{alice}>")
    await heard(scene, message, "yes")
    await scene.shown(message, "✅")
    assert record(scene)[0]["answered_by"].startswith(f'"discord:{alice}" of uid ')
    # An edit calls nobody again, and nobody is called by the answer of a task.
    await scene.until("no count", lambda: "Open questions" not in json.dumps(scene.status()))


async def test_a_question_is_answered_by_a_form(asking: Talk) -> None:
    scene = asking.scene
    await begin(asking)
    message = scene.say("name")
    question = (await asked(scene, message))[0]
    form = await clicks.click(scene.discord, "alice", question["id"], "Answer …", wait=10)
    assert form["callback"]["type"] == 9 and "1.q1" in form["callback"]["data"]["title"]
    # A form that is open survives the bridge.
    await scene.end(scene.bridge, signal.SIGKILL)
    await restart(scene)
    sent = await asking.answered(await clicks.submit(scene.discord, form["id"], {"text": "Ada @here"}, wait=10))
    assert "Your answer" in text(sent)
    done = await ended(scene, message, "was answered", "Ada \\@here", f"<@{user(scene, 'alice')}>")
    assert not done["mention_everyone"]
    await scene.shown(message, "✅")
    assert record(scene)[0]["answer"] == "Ada @here"


async def test_who_may_not_answers_nothing(asking: Talk) -> None:
    scene = asking.scene
    await begin(asking)
    message = scene.say("deploy")
    question = (await asked(scene, message))[0]
    for button in ("yes", "Answer …"):
        denied = await asking.click(question["id"], button, user="bob")
        assert is_private(denied) and text(denied).startswith("No: ")
    assert text(await asking.use("answer", "bob", task="1", answer="yes")).startswith("No: ")
    assert await asking.choices("answer", "task", user="bob") == []
    assert record(scene)[0]["state"] == "open"
    assert "Your answer" in await asking.says("answer", task="1.q1", answer="no")
    await heard(scene, message, "no")
    await ended(scene, message, "was answered", "no", f"<@{user(scene, 'alice')}>")
    assert "asks nothing" in await asking.says("answer", task="1", answer="yes")


async def test_it_was_answered_in_the_shell_meanwhile(asking: Talk) -> None:
    scene = asking.scene
    await begin(asking)
    message = scene.say("deploy")
    question = (await asked(scene, message))[0]
    assert scene.bridge is not None
    scene.bridge.send_signal(signal.SIGSTOP)
    scene.ctl("answer", "1", "no")
    made = await clicks.click(scene.discord, "alice", question["id"], "yes")
    scene.bridge.send_signal(signal.SIGCONT)
    late = text(await asking.answered(made))
    assert "was answered by" in late or "is not open" in late
    done = await ended(scene, message, "was answered", "no", record(scene)[0]["answered_by"])
    assert done["id"] == question["id"]
    await heard(scene, message, "no")


@pytest.mark.parametrize(
    ("prompt", "values", "answer"), [("hurry", ["no"], "no"), ("late", [], "status 7")], ids=["default", "none"]
)
async def test_nobody_answers_in_time(asking: Talk, prompt: str, values: list[str], answer: str) -> None:
    scene = asking.scene
    await begin(asking)
    message = scene.say(prompt)
    question = (await asked(scene, message))[0]
    fields = {each["name"]: each["value"] for each in question["embeds"][0]["fields"]}
    assert fields["Until"].startswith("<t:") and fields["Until"].endswith(":R>")
    assert fields.get("Then the answer is") == (values or [None])[0]
    await ended(scene, message, "was not answered in time", *values)
    await heard(scene, message, answer)


async def test_a_task_that_is_stopped_asks_no_more(asking: Talk) -> None:
    scene = asking.scene
    await begin(asking)
    message = scene.say("deploy")
    await asked(scene, message)
    scene.ctl("stop", "1")
    await ended(scene, message, "was withdrawn", "The attempt that asked has ended.")
    await scene.shown(message, "🚫")


async def test_two_questions_of_a_task(asking: Talk) -> None:
    scene = asking.scene
    await begin(asking)
    message = scene.say("two")
    both = {each["embeds"][0]["description"]: each["id"] for each in await asked(scene, message, 2)}
    assert set(both) == {"First?", "Second?"}
    assert "asks 2 questions" in await asking.says("answer", task="1", answer="a")
    await asking.click(both["Second?"], "d")
    await scene.until("one of them", lambda: len(open_ones(scene, message)) == 1)
    await asking.click(both["First?"], "a")
    await heard(scene, message, "a\\nd")
    assert len(questions(scene, message)) == 2 and not open_ones(scene, message)


async def test_killed_around_a_question_it_is_there_once(asking: Talk) -> None:
    scene = asking.scene
    await begin(asking)
    # The bridge is away when the task asks.
    message = scene.say("deploy")
    await scene.shown(message, "▶️")
    await scene.end(scene.bridge, signal.SIGKILL)
    await scene.until("the question", lambda: record(scene))
    # The message arrives, nobody hears of that, and the bridge dies.
    trouble.fault(scene.discord, method="POST", path=f"/channels/{message}/messages", nth=1, count=100, action="cut", done=True)
    scene.start_bridge()
    await scene.until("what may have arrived", lambda: questions(scene, message) or scene.cards(message))
    await scene.end(scene.bridge, signal.SIGKILL)
    trouble.clear_faults(scene.discord)
    # Discord forgets the nonces.
    await trouble.clock(scene.discord, advance=240)
    await restart(scene)
    question = (await asked(scene, message))[0]
    # The click is heard, and the bridge dies before or after it has answered the task.
    clicked = await clicks.click(scene.discord, "alice", question["id"], "yes")
    await scene.until("the acknowledgement", lambda: look.interaction(scene.discord, clicked["id"])["state"] != "pending")
    await scene.end(scene.bridge, signal.SIGKILL)
    scene.start_bridge()
    await ended(scene, message, "was answered", "yes", f"<@{user(scene, 'alice')}>")
    await heard(scene, message, "yes")
    assert [each["state"] for each in record(scene)] == ["answered"]
    assert len(scene.cards(message)) == 2


async def test_what_tasks_of_others_ask_is_nothing_to_the_bridge(asking: Talk) -> None:
    scene = asking.scene
    await begin(asking)
    scene.ctl("submit", "--pool", "default", "deploy")
    await scene.until("the question", lambda: record(scene))
    message = scene.say("write")
    await scene.shown(message, "✅")
    assert "Question" not in json.dumps(look.messages(scene.discord, scene.channel) + scene.thread(message))
    scene.ctl("answer", "1", "yes")
