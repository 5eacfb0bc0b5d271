// SPDX-License-Identifier: Apache-2.0
#include "documents/upload_sink.hpp"

#include "base/log.hpp"
#include "base/number.hpp"
#include "documents/tus.hpp"

#include <algorithm>
#include <utility>

namespace stoa::documents {

UploadSink::UploadSink(UploadSessions& uploads, const http::Request& request)
    : uploads_(uploads),
      user_(request.caller->user),
      upload_(UploadId::parse(request.path_parameter("upload_id")).value_or(UploadId{})),
      request_id_(request.request_id),
      refused_version_(tus::refuse_version(request)),
      begun_(begin(request)) {}

/// All that can be refused before a byte is read.
Result<void> UploadSink::begin(const http::Request& request) {
    if (request.find_header("content-type") != "application/offset+octet-stream") {
        return fail(ErrorKind::unsupported_type, "unsupported_media_type",
                    "The Content-Type should be application/offset+octet-stream.");
    }
    const auto offset_bytes = tus::read_bytes(request, "upload-offset");
    if (!offset_bytes) return fail(offset_bytes);
    auto found = uploads_.find(user_, upload_);
    if (!found) return fail(found);
    session_ = std::move(*found);
    if (session_.offset_bytes != *offset_bytes) {
        return fail(ErrorKind::conflict, "upload_offset_mismatch",
                    "The upload goes on at offset " + std::to_string(session_.offset_bytes) + ".");
    }
    const auto announced = request.find_header("content-length");
    const auto bytes = announced ? parse_number<std::int64_t>(*announced).value_or(0) : 0;
    if (bytes > session_.length_bytes - session_.offset_bytes) {
        return fail(ErrorKind::too_large, "upload_too_long",
                    "Of the upload " +
                        std::to_string(session_.length_bytes - session_.offset_bytes) +
                        " bytes are still to come; these are more.");
    }
    return {};
}

std::optional<http::Response> UploadSink::write(std::string_view bytes) {
    if (refused_version_) return std::move(refused_version_);
    if (!begun_) return refuse(begun_.error());
    if (auto taken = take(bytes); !taken) return refuse(taken.error());
    return std::nullopt;
}

Result<void> UploadSink::take(std::string_view bytes) {
    while (!bytes.empty()) {
        if (!piece_) {
            auto made = UnnamedFile::make(uploads_.directory());
            if (!made) return fail(made);
            piece_.emplace(std::move(*made));
        }
        const auto part = bytes.substr(0, piece_bytes_max - piece_->size());
        if (auto appended = piece_->append(part); !appended) return appended;
        bytes.remove_prefix(part.size());
        if (piece_->size() < piece_bytes_max) continue;
        if (auto kept = keep_piece(); !kept) return kept;
    }
    return {};
}

Result<void> UploadSink::keep_piece() {
    if (!piece_) return {};
    const auto piece = std::exchange(piece_, std::nullopt);
    auto appended = uploads_.append(user_, upload_, session_.offset_bytes, *piece);
    if (!appended) return fail(appended);
    session_ = std::move(*appended);
    return {};
}

http::Response UploadSink::finish() {
    if (auto kept = keep_piece(); !kept) return refuse(kept.error());
    auto response = http::Response::no_content();
    tus::add_state(response.headers, session_);
    return tus::marked(std::move(response));
}

void UploadSink::cut() {
    if (!begun_) return;
    if (auto kept = keep_piece(); !kept) {
        log::info(
            "what came last of an upload that was cut is not kept",
            {{"stoa.upload.id", upload_.str()}, {"error.code", std::string(kept.error().code)}});
    }
}

/// An error, with the offset to go on from as it is now.
http::Response UploadSink::refuse(const Error& error) {
    auto response = tus::refusal(error, request_id_);
    if (error.kind != ErrorKind::conflict && error.kind != ErrorKind::too_large) return response;
    if (const auto now = uploads_.find(user_, upload_)) tus::add_state(response.headers, *now);
    return response;
}

}  // namespace stoa::documents
