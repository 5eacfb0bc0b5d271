// SPDX-License-Identifier: Apache-2.0
// Serves OpenAI's chat completions and Anthropic's messages for test_ask.py by aimock. Prints its base URL as the first line and
// lives until its standard input ends. Which answer is given depends on words in the question.
import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({ port: 0, host: "127.0.0.1", chunkSize: 7 });
const good = (words) =>
  `It is said there: \u00ab${words}\u00bb [1]. It also says \u00abwords that stand nowhere at all\u00bb [1].\n\n` +
  "Follow-up questions:\n- What is a metal?\n- Why is it low?\n";
const fails = (status, message, type = "server_error") => ({ error: { message, type }, status });

// Words at the beginning that only the first of two models minds.
mock.addFixture({
  match: { model: "second", userMessage: "first " },
  response: { content: good("boiling point of caesium is 671 degrees") },
});
for (const by of ["openai", "anthropic"]) {
  for (const [words, failure] of [
    ["limited", fails(429, "slow down")],
    ["overloaded", fails(529, "Overloaded", "overloaded_error")],
    ["failing", fails(500, "broken")],
  ]) {
    const userMessage = `${words} once by ${by}`;
    mock.on({ userMessage, sequenceIndex: 0 }, failure);
    mock.on({ userMessage }, { content: good("boiling point of caesium is 671 degrees") });
  }
}
mock.on({ userMessage: "limited always" }, fails(429, "slow down"));
mock.on({ userMessage: "fails always" }, fails(500, "broken"));
mock.on({ userMessage: "overloaded always" }, fails(529, "Overloaded", "overloaded_error"));
mock.on({ userMessage: "refused always" }, fails(401, "no such key"));
mock.addFixture({
  match: { userMessage: "stalls" },
  response: { content: "never seen" },
  streamingProfile: { ttft: 20_000 },
});
mock.addFixture({
  match: { userMessage: "hangs up" },
  response: { content: "never seen" },
  chaos: { disconnectRate: 1 },
});
mock.addFixture({
  match: { userMessage: "garbage" },
  response: { content: "never seen" },
  chaos: { malformedRate: 1 },
});
mock.on(
  { userMessage: "cut off" },
  { content: "This answer is long enough to be cut off somewhere in the middle of it." },
  { truncateAfterChunks: 3 },
);
mock.on({ userMessage: "only marks" }, { content: "Caesium boils at 671 degrees Celsius [1]." });
const declares = (answer, block) => ({ content: `${answer}\n\n\`\`\`sources\n${block}\n\`\`\`\n` });
mock.on({ userMessage: "declares badly" }, declares("So.", `{"quotes": "671"}`));
mock.on(
  { userMessage: "declares nothing" },
  declares("I cannot tell.", `{"in_documents": false, "quotes": [], "follow_up_questions": []}`),
);
mock.on({ userMessage: "finds nothing" }, { content: "That is not in these documents." });
mock.on(
  { userMessage: "declares" },
  declares(
    "Caesium boils at 671 degrees Celsius. It is blue.\n\nIt says so.",
    JSON.stringify({
      in_documents: true,
      quotes: [
        { passage: 1, text: "boiling point of caesium is 671 degrees" },
        { passage: 1, text: "caesium is blue" },
      ],
      follow_up_questions: ["What melts?"],
    }),
  ),
);
mock.on(
  { userMessage: "at length" },
  { content: "Caesium boils at 671 degrees Celsius [1]. And then", finishReason: "length" },
);
mock.on({ systemMessage: "tutor who leads by questions" }, {
  content: "Look at page 2. Which metal is spoken of there?",
});
mock.addFixture({
  match: { predicate: () => true },
  response: { content: good("boiling point of caesium is 671 degrees") },
});

await mock.start();
console.log(`${mock.url}/v1`);
process.stdin.resume();
process.stdin.on("end", async () => {
  await mock.stop();
  process.exit(0);
});
