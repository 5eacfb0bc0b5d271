# SPDX-License-Identifier: Apache-2.0
"""What a long conversation remembers: older turns are summarised, by the model or by picking lines,
and what is sent to a model stays within its bound."""

import re

import pytest

import pdfs
from model_server import ModelServer
from stack import wait_until
from test_answers import settings_of
from test_ask import answered
from test_documents import ready

PROMPT_TOKENS_MAX = 3_000
FACT = "My exam is on the ninth of Brumaire"
FIRST = f"{FACT}. At what temperature does caesium boil?"


@pytest.fixture
def server(tmp_path):
    made = ModelServer(tmp_path)
    yield made
    made.close()


@pytest.fixture
def learner(stoa, new_user, server, start):
    """Someone at a node whose model is sent little at once."""
    user = new_user()
    user.document = ready(user, pdfs.facts_pdf(), name="facts.pdf")
    more = {"STOA_LLM_PROMPT_TOKENS_MAX": str(PROMPT_TOKENS_MAX)}
    settings = settings_of(server, **more)
    url = start(**{name.removeprefix("STOA_").lower(): value for name, value in settings.items()})
    modelled = user.at(url)
    modelled.offline = user
    return modelled


def is_summary(body):
    return "keep the memory of a conversation" in body["messages"][0]["content"]


def text_of(body):
    return "\n".join(message["content"] for message in body["messages"])


def estimated_tokens(body):
    return sum(-(-len(message["content"].encode()) // 3) for message in body["messages"])


def summarise(body):
    """As a model does: short, and what matters stays."""
    facts = sorted(set(re.findall(r"My exam is on the \w+ of \w+", text_of(body))))
    return "Learner said: " + "; ".join(facts) + "."


def converse(user, turns, conversation=None):
    for i in range(turns):
        question = FIRST if i == 0 and conversation is None else f"And what of the number {i}?"
        more = {"conversation_id": conversation} if conversation else {}
        conversation = answered(user, question, **more)["conversation_id"]
    return conversation


def summaries(stoa, conversation):
    return stoa.sql(
        "SELECT sealed_summary FROM conversations WHERE id = %s"
        " AND summarised_through IS NOT NULL",
        (conversation,),
    )


def test_sixty_turns_stay_within_the_bound_and_the_first_is_remembered(stoa, learner, server):
    long = "It is long known. " * 30
    server.reply = lambda body: summarise(body) if is_summary(body) else long
    conversation = converse(learner, 60)
    wait_until("it is summarised", lambda: summaries(stoa, conversation))
    assert all(estimated_tokens(body) <= PROMPT_TOKENS_MAX for body in server.bodies)
    asked = [body for body in server.bodies if not is_summary(body)]
    assert len(asked) == 60
    assert all(FACT in text_of(body) for body in asked)
    assert "number 58?" in text_of(asked[-1]), "and so is the last"
    condensed = [body for body in server.bodies if is_summary(body)]
    assert condensed and "Passages:" not in text_of(condensed[-1])
    wait_until("the model's own words are used", lambda: is_used(learner, server, conversation))
    ((sealed,),) = summaries(stoa, conversation)
    assert b"Brumaire" not in sealed
    messages = learner.http.get(f"/conversations/{conversation}/messages").json()["items"]
    assert messages[0]["content"] == FIRST, "nothing of what was said is lost"


def is_used(user, server, conversation):
    converse(user, 1, conversation)
    return "Learner said: " + FACT in text_of(server.bodies[-1])


def test_summaries_count_in_the_asker_s_budget(stoa, learner, server):
    server.reply = lambda body: "It is long known. " * 30
    spent = "SELECT tokens FROM token_usage WHERE user_id = %s"
    conversation = converse(learner, 2)
    ((before,),) = stoa.sql(spent, (learner.id,))
    server.bodies.clear()
    converse(learner, 3, conversation)
    wait_until("it is summarised", lambda: summaries(stoa, conversation))
    assert any(is_summary(body) for body in server.bodies)
    total = sum(estimated_tokens(body) for body in server.bodies)
    wait_until("both count", lambda: stoa.sql(spent, (learner.id,))[0][0] - before >= total)


def test_a_model_that_fails_does_not_lose_the_memory(stoa, learner, server):
    long = "It is long known. " * 30
    conversation = converse(learner, 1)

    def reply(body):
        if is_summary(body):
            raise ConnectionError("by plan")
        return long

    server.reply = reply
    converse(learner, 8, conversation)
    wait_until("lines are picked instead", lambda: summaries(stoa, conversation))
    asked = [body for body in server.bodies if not is_summary(body)]
    assert all(FACT in text_of(body) for body in asked)


def test_what_was_said_offline_is_remembered_too(stoa, learner, server):
    """The extractive provider writes long answers; its summaries are picked lines."""
    conversation = converse(learner.offline, 40)
    wait_until("it is summarised", lambda: summaries(stoa, conversation))
    converse(learner, 1, conversation)
    body = server.bodies[0]
    assert FACT in text_of(body)
    assert estimated_tokens(body) <= PROMPT_TOKENS_MAX
