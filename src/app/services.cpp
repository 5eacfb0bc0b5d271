// SPDX-License-Identifier: Apache-2.0
#include "app/services.hpp"

#include "app/master_key.hpp"
#include "base/process_metrics.hpp"
#include "llm/extractive_model.hpp"
#include "llm/fallback_model.hpp"
#include "llm/remote_model.hpp"
#include "postgres/migrations.hpp"

#include <algorithm>
#include <string_view>
#include <thread>

namespace stoa::app {
namespace {

float cosine(const embedding::Embedding& a, const embedding::Embedding& b) {
    float sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

llm::Similarity similarity_by(embedding::Encoder& encoder) {
    return [&encoder](std::string_view question,
                      std::span<const std::string_view> sentences) -> Result<std::vector<float>> {
        std::vector<std::string_view> texts{question};
        texts.insert(texts.end(), sentences.begin(), sentences.end());
        const auto vectors = encoder.encode(texts);
        if (!vectors) return fail(vectors);
        std::vector<float> scores;
        for (std::size_t i = 1; i < vectors->size(); ++i) {
            scores.push_back(cosine(vectors->front(), (*vectors)[i]));
        }
        return scores;
    };
}

/// Somebody waits for it: a million rows take two seconds.
extraction::Limits limits_of_a_question() {
    extraction::Limits limits;
    limits.cpu = std::chrono::seconds(20);
    limits.wall = std::chrono::seconds(30);
    return limits;
}

std::unique_ptr<llm::ChatModel> make_remote(const Settings& settings, const std::string& protocol,
                                            llm::Endpoint endpoint, const http::Client& outbound) {
    llm::RemoteModel::Options options;
    options.endpoint = std::move(endpoint);
    options.endpoint.answer_tokens_max = settings.llm_answer_tokens_max;
    options.stall_timeout = std::chrono::milliseconds(settings.llm_stall_timeout_ms);
    options.total_timeout = std::chrono::milliseconds(settings.llm_total_timeout_ms);
    options.tries_max = static_cast<int>(settings.llm_tries_max);
    const auto name =
        protocol == "anthropic" ? llm::ProtocolName::anthropic : llm::ProtocolName::openai;
    return std::make_unique<llm::RemoteModel>(llm::make_protocol(name), std::move(options),
                                              outbound);
}

/// The configured language models in their order, and behind them the documents' own words.
std::unique_ptr<llm::ChatModel> make_model(const Settings& s, embedding::Encoder& encoder,
                                           const http::Client& outbound, Metrics& metrics) {
    std::vector<std::unique_ptr<llm::ChatModel>> models;
    if (!s.llm_base_url.empty()) {
        models.push_back(
            make_remote(s, s.llm_protocol, {s.llm_base_url, s.llm_api_key, s.llm_model}, outbound));
    }
    if (!s.llm_fallback_base_url.empty()) {
        models.push_back(make_remote(
            s, s.llm_fallback_protocol,
            {s.llm_fallback_base_url, s.llm_fallback_api_key, s.llm_fallback_model}, outbound));
    }
    if (models.empty()) return std::make_unique<llm::ExtractiveModel>(similarity_by(encoder));
    if (s.llm_offline_fallback == "on") {
        models.push_back(std::make_unique<llm::ExtractiveModel>(similarity_by(encoder),
                                                                "no language model answered"));
    }
    return std::make_unique<llm::FallbackModel>(std::move(models), &metrics);
}

}  // namespace

postgres::Options postgres_options(const Settings& settings) {
    postgres::Options options;
    options.conninfo = settings.database_url;
    options.connections_max = static_cast<std::size_t>(settings.postgres_connections_max);
    options.wait_max = std::chrono::milliseconds(settings.postgres_wait_max_ms);
    options.statement_timeout = std::chrono::milliseconds(settings.postgres_statement_timeout_ms);
    options.lock_timeout = std::chrono::milliseconds(settings.postgres_lock_timeout_ms);
    options.idle_timeout =
        std::chrono::milliseconds(settings.postgres_idle_in_transaction_timeout_ms);
    return options;
}

accounts::TokenSettings token_settings(const Settings& settings) {
    accounts::TokenSettings tokens;
    tokens.issuer = settings.public_url;
    tokens.access_lifetime = std::chrono::seconds(settings.access_token_seconds);
    tokens.refresh_lifetime = std::chrono::seconds(settings.refresh_token_seconds);
    return tokens;
}

accounts::MasterKeys make_master_keys(postgres::Database& database, const Settings& settings,
                                      std::vector<crypto::SecretKey> keys) {
    accounts::MasterKeys::Read read_again;
    if (settings.master_key.empty()) {
        read_again = [settings] { return load_master_keys(settings); };
    }
    return {database, std::move(keys), std::move(read_again)};
}

std::filesystem::path upload_dir(const Settings& settings) {
    return std::filesystem::path(settings.data_dir) / "uploads";
}

redis::Options redis_options(const Settings& settings) {
    redis::Options options;
    options.url = settings.redis_url;
    return options;
}

Services::Services(const Settings& given, const RateLimits& given_limits,
                   std::unique_ptr<embedding::Encoder> opened_encoder,
                   const std::vector<crypto::SecretKey>& given_keys)
    : settings(given),
      rate_limits(given_limits),
      database(postgres_options(settings), metrics),
      redis(redis_options(settings), metrics),
      invalidations(redis),
      queue(database, redis),
      master_keys(make_master_keys(database, settings, given_keys)),
      tokens(database, token_settings(settings), master_keys),
      sign_in(database, tokens, accounts::SignInSettings::of_site(settings.public_url)),
      sessions(database, tokens),
      profiles(database),
      administration(database),
      keys(database, master_keys),
      idempotency(database, keys),
      room_events(database, redis, keys),
      rooms(database, room_events),
      encoder(std::move(opened_encoder)),
      documents(database, queue, rooms, keys, settings.data_dir,
                {settings.documents_per_user_max, settings.document_bytes_per_user_max}),
      highlights(database, rooms, documents, keys),
      uploads(database, documents, keys, settings.data_dir,
              static_cast<std::uint64_t>(settings.upload_bytes_max)),
      tables(database, documents, keys,
             extraction::Extractor(settings.extract_program, limits_of_a_question())),
      retrieval(database, *encoder, keys),
      outbound({.ca_file = settings.outbound_ca_file, .metrics = &metrics}),
      model(make_model(settings, *encoder, outbound, metrics)),
      budget(database, settings.llm_tokens_per_user_per_day),
      tutor(database, rooms, documents, retrieval, tables, keys, budget, *model,
            tutor::PromptBudget(settings.llm_prompt_tokens_max)),
      answers(tutor, redis, keys),
      messages(database, rooms, metrics, static_cast<std::size_t>(settings.page_cache_bytes)) {
    metrics.set("stoa_build_info", "Always 1; the labels say what runs.",
                {{"version", STOA_VERSION},
                 {"schema", std::to_string(postgres::all_migrations().back().version)}},
                1);
    collect_process(metrics);
}

Result<std::unique_ptr<Services>> Services::make(const Settings& settings) {
    const auto limits = RateLimits::parse(settings.rate_limits);
    if (!limits) return fail(limits);
    const auto master_keys = load_master_keys(settings);
    if (!master_keys) return fail(master_keys);
    embedding::Encoder::Options options;
    options.model_dir = settings.model_dir;
    options.threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 64);
    auto encoder = embedding::Encoder::open(options);
    if (!encoder) return fail(encoder);
    return std::unique_ptr<Services>(
        new Services(settings, *limits, std::move(*encoder), *master_keys));
}

}  // namespace stoa::app
