// SPDX-License-Identifier: Apache-2.0
// A whole conversation as a file to keep: JSON with everything, or Markdown to read. Written page
// by page, so that a long one needs no more memory than a short one. Any thread.
#pragma once

#include "base/json.hpp"
#include "http/message.hpp"
#include "tutor/tutor.hpp"

namespace stoa::tutor {

enum class ExportFormat { json, markdown };
BOOST_DESCRIBE_ENUM(ExportFormat, json, markdown)

/// The answer that carries it: `{"conversation":{…},"messages":[…]}`, or Markdown with a heading,
/// each question as a quotation, and under each answer its sources; withheld ones say so. That the
/// conversation is the asker's was checked before. `tutor` outlives the answer. A failure on the
/// way cuts the stream off, so half a file is not taken for a whole one.
http::Response export_conversation(Tutor& tutor, const UserId& asker,
                                   const Conversation& conversation, ExportFormat format);

}  // namespace stoa::tutor
