// SPDX-License-Identifier: Apache-2.0
// Private to this module: the body of a PATCH on its way into an upload, kept piece by piece, so
// that what has come of a request that is cut off, or of a node that is killed, need not come
// again. Owner: the request's exchange; one thread at a time.
#pragma once

#include "base/unnamed_file.hpp"
#include "documents/upload_sessions.hpp"
#include "http/body_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace stoa::documents {

class UploadSink final : public http::BodySink {
  public:
    /// What is kept at once; more of a body is lost only when its node dies.
    static constexpr std::size_t piece_bytes_max = 1024 * 1024;

    UploadSink(UploadSessions& uploads, const http::Request& request);

    std::optional<http::Response> write(std::string_view bytes) override;
    http::Response finish() override;
    void cut() override;

  private:
    Result<void> begin(const http::Request& request);
    Result<void> take(std::string_view bytes);
    Result<void> keep_piece();
    http::Response refuse(const Error& error);

    UploadSessions& uploads_;
    const UserId user_;
    const UploadId upload_;
    const std::string request_id_;
    std::optional<http::Response> refused_version_;
    UploadSession session_;  ///< as far as it is kept
    Result<void> begun_;
    std::optional<UnnamedFile> piece_;
};

}  // namespace stoa::documents
