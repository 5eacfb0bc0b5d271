// SPDX-License-Identifier: Apache-2.0
// Every object of a Stoa process, in the order in which they need each other; the one composition
// root. Members are made from top to bottom and destroyed from bottom to top. Nothing here connects
// anywhere yet: PostgreSQL and Redis may be away. Owner: `serve`, `work` or `routes`.
#pragma once

#include "accounts/administration.hpp"
#include "accounts/profiles.hpp"
#include "accounts/sessions.hpp"
#include "accounts/sign_in.hpp"
#include "accounts/subject_keys.hpp"
#include "accounts/tokens.hpp"
#include "app/idempotency.hpp"
#include "app/rate_limits.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "base/settings.hpp"
#include "chat/messages.hpp"
#include "crypto/ed25519.hpp"
#include "documents/documents.hpp"
#include "documents/highlights.hpp"
#include "documents/retrieval.hpp"
#include "documents/table_questions.hpp"
#include "documents/upload_sessions.hpp"
#include "embedding/encoder.hpp"
#include "http/client.hpp"
#include "jobs/queue.hpp"
#include "llm/chat_model.hpp"
#include "postgres/database.hpp"
#include "redis/client.hpp"
#include "redis/invalidations.hpp"
#include "rooms/events.hpp"
#include "rooms/rooms.hpp"
#include "tutor/answers.hpp"
#include "tutor/tutor.hpp"

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace stoa::app {

class Services {
  public:
    /// Opens the model and the master key. `model_missing`, `model_corrupt`, `master_key_invalid`,
    /// `data_dir_unusable`, `settings_invalid` (its rate limits): each says the fix.
    static Result<std::unique_ptr<Services>> make(const Settings& settings);

    const Settings settings;
    const RateLimits rate_limits;        ///< as they hold here
    std::atomic<bool> stopping = false;  ///< this node leaves: it is no longer ready
    Metrics metrics;
    postgres::Database database;
    redis::Client redis;
    redis::Invalidations invalidations;
    jobs::Queue queue;

    accounts::MasterKeys master_keys;
    accounts::Tokens tokens;
    accounts::SignIn sign_in;
    accounts::Sessions sessions;
    accounts::Profiles profiles;
    accounts::Administration administration;
    accounts::SubjectKeys keys;
    Idempotency idempotency;

    rooms::RoomEvents room_events;
    rooms::Rooms rooms;

    std::unique_ptr<embedding::Encoder> encoder;
    documents::Documents documents;
    documents::Highlights highlights;
    documents::UploadSessions uploads;
    documents::TableQuestions tables;
    documents::Retrieval retrieval;

    http::Client outbound;  ///< what asks other servers
    std::unique_ptr<llm::ChatModel> model;
    tutor::TokenBudget budget;
    tutor::Tutor tutor;
    tutor::Answers answers;
    chat::Messages messages;

  private:
    Services(const Settings& settings, const RateLimits& rate_limits,
             std::unique_ptr<embedding::Encoder> encoder,
             const std::vector<crypto::SecretKey>& master_keys);
};

postgres::Options postgres_options(const Settings& settings);
redis::Options redis_options(const Settings& settings);
/// Where parts of uploads are spooled.
std::filesystem::path upload_dir(const Settings& settings);
accounts::TokenSettings token_settings(const Settings& settings);
/// Of one process; those in data_dir are read again when there is a new one.
accounts::MasterKeys make_master_keys(postgres::Database& database, const Settings& settings,
                                      std::vector<crypto::SecretKey> keys);

}  // namespace stoa::app
