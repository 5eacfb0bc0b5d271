// SPDX-License-Identifier: Apache-2.0
// One multipart body on its way to disk: values are kept, files are spooled to files without a name
// while they are hashed, so that nothing is left of a request that fails or of a server that is
// killed. Owner: the request's exchange; one thread at a time.
#pragma once

#include "http/message.hpp"
#include "http/multipart.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_md_ctx_st;

namespace stoa::http {

class Upload final : private PartSink {
  public:
    static constexpr std::size_t value_bytes_max = 64 * 1024;

    Upload(std::filesystem::path directory, std::string_view boundary,
           std::uint64_t file_bytes_max);

    /// The multipart parser's errors, `file_too_large` and `value_too_large` (413), `storage_full`
    /// (503), `storage_failed` (500).
    Result<void> feed(std::string_view bytes) { return parser_.feed(bytes); }
    /// The parts, once the whole body was fed.
    Result<std::vector<Part>> finish();

  private:
    struct FreeDigest {
        void operator()(evp_md_ctx_st* digest) const;
    };

    Result<void> begin_part(PartHead head) override;
    Result<void> write_part(std::string_view bytes) override;
    Result<void> end_part() override;
    Result<void> open_file();
    Result<void> write_file(std::string_view bytes);

    const std::filesystem::path directory_;
    std::uint64_t file_bytes_left_;
    std::vector<Part> parts_;
    bool in_file_ = false;
    std::unique_ptr<evp_md_ctx_st, FreeDigest> digest_;
    MultipartParser parser_;
};

}  // namespace stoa::http
