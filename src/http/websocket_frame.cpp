// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_frame.hpp"

#include "base/text.hpp"
#include "http/socket.hpp"

#include <algorithm>

#include <openssl/evp.h>

namespace stoa::http {
namespace {

constexpr std::uint16_t no_status = 1005;
constexpr std::size_t control_bytes_max = 125;

bool is_control(Opcode opcode) { return (static_cast<unsigned>(opcode) & 8U) != 0; }

/// RFC 6455, 7.4: what may stand in a close frame.
bool is_close_code(unsigned code) {
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
           (code >= 3000 && code <= 4999);
}

void append_header(std::string& frame, Opcode opcode, std::size_t size, bool masked) {
    const unsigned mask_bit = masked ? 0x80 : 0;
    frame.push_back(static_cast<char>(0x80U | static_cast<unsigned>(opcode)));
    int length_bytes = 0;
    if (size <= control_bytes_max) {
        frame.push_back(static_cast<char>(mask_bit | size));
    } else if (size <= 0xFFFF) {
        frame.push_back(static_cast<char>(mask_bit | 126U));
        length_bytes = 2;
    } else {
        frame.push_back(static_cast<char>(mask_bit | 127U));
        length_bytes = 8;
    }
    for (int i = length_bytes - 1; i >= 0; --i) {
        frame.push_back(static_cast<char>(static_cast<std::uint64_t>(size) >> (8 * i)));
    }
}

}  // namespace

std::string make_frame(Opcode opcode, std::string_view payload, std::optional<std::uint32_t> mask) {
    std::string frame;
    frame.reserve(payload.size() + 14);
    append_header(frame, opcode, payload.size(), mask.has_value());
    if (!mask) return frame.append(payload);
    std::array<char, 4> key;
    for (unsigned i = 0; i < 4; ++i) key[i] = static_cast<char>(*mask >> (24 - 8 * i));
    frame.append(key.data(), key.size());
    for (std::size_t i = 0; i < payload.size(); ++i) {
        frame.push_back(static_cast<char>(payload[i] ^ key[i % 4]));
    }
    return frame;
}

std::string make_close_frame(std::uint16_t code, std::string_view reason) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    payload += cut_utf8(reason, control_bytes_max - 2);
    return make_frame(Opcode::close, payload);
}

std::optional<std::string> accept_key(std::string_view key) {
    constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, 18> decoded;
    if (key.size() != 24 || !key.ends_with("==") ||
        EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(key.data()), 24) !=
            18) {
        return std::nullopt;
    }
    const std::string text = std::string(key) + std::string(guid);
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha1(), nullptr) != 1) {
        return std::nullopt;
    }
    std::array<unsigned char, 32> encoded;
    const int length = EVP_EncodeBlock(encoded.data(), hash.data(), static_cast<int>(size));
    return std::string(encoded.begin(), encoded.begin() + length);
}

TextFrame::TextFrame(std::string_view text) {
    auto frame = make_frame(Opcode::text, text);
    text_at = frame.size() - text.size();
    bytes = std::make_shared<const std::string>(std::move(frame));
}

FrameReader::Event FrameReader::failed(std::uint16_t code) {
    close_code_ = code;
    return Event::failed;
}

/// Collects the header's 2 to 14 bytes; true once they are all there.
bool FrameReader::read_header(std::string_view& bytes) {
    const auto size_needed = [this] {
        if (header_size_ < 2) return std::size_t{2};
        const unsigned length = header_[1] & 0x7FU;
        const std::size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
        return 2 + extended + ((header_[1] & 0x80U) != 0 ? 4 : 0);
    };
    while (header_size_ < size_needed()) {
        if (bytes.empty()) return false;
        header_[header_size_++] = static_cast<unsigned char>(bytes.front());
        bytes.remove_prefix(1);
    }
    return true;
}

/// Reads the header; false with `close_code_` set if it breaks a rule.
bool FrameReader::check_header() {
    final_ = (header_[0] & 0x80U) != 0;
    opcode_ = static_cast<Opcode>(header_[0] & 0x0FU);
    const unsigned short_length = header_[1] & 0x7FU;
    std::size_t at = 2;
    const std::size_t extended = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
    payload_left_ = extended == 0 ? short_length : 0;
    for (std::size_t i = 0; i < extended; ++i) {
        payload_left_ = payload_left_ << 8 | header_[at++];
    }
    std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(at), 4, mask_.begin());
    mask_at_ = 0;
    header_size_ = 0;
    in_payload_ = true;

    close_code_ = close_code::protocol_error;
    const bool minimal = (extended == 2 && payload_left_ > control_bytes_max) ||
                         (extended == 8 && payload_left_ > 0xFFFF) || extended == 0;
    const bool masked = (header_[1] & 0x80U) != 0;
    const bool reserved = (header_[0] & 0x70U) != 0;
    if (reserved || !masked || !minimal || (payload_left_ >> 63) != 0) return false;
    switch (opcode_) {
        case Opcode::close:
        case Opcode::ping:
        case Opcode::pong:
            control_.clear();
            return final_ && payload_left_ <= control_bytes_max;
        case Opcode::continuation:
            if (!fragmented_) return false;
            break;
        case Opcode::text:
        case Opcode::binary:
            if (fragmented_) return false;
            fragmented_ = opcode_;
            message_.clear();
            break;
        default:
            return false;
    }
    close_code_ = close_code::too_big;
    return payload_left_ <= message_bytes_max_ - message_.size();
}

void FrameReader::read_payload(std::string_view& bytes) {
    auto& to = is_control(opcode_) ? control_ : message_;
    const auto take =
        static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size()));
    const auto start = to.size();
    to.resize(start + take);
    for (std::size_t i = 0; i < take; ++i) {
        to[start + i] =
            static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ mask_[(mask_at_ + i) & 3]);
    }
    mask_at_ = (mask_at_ + take) & 3;
    payload_left_ -= take;
    bytes.remove_prefix(take);
}

FrameReader::Event FrameReader::end_close() {
    if (control_.empty()) {
        close_code_ = no_status;
        return Event::close;
    }
    if (control_.size() == 1) return failed(close_code::protocol_error);
    const unsigned code =
        static_cast<unsigned char>(control_[0]) * 256U + static_cast<unsigned char>(control_[1]);
    control_.erase(0, 2);
    if (!is_close_code(code)) return failed(close_code::protocol_error);
    if (!is_utf8(control_)) return failed(close_code::invalid_data);
    close_code_ = static_cast<std::uint16_t>(code);
    return Event::close;
}

FrameReader::Event FrameReader::end_frame() {
    in_payload_ = false;
    last_is_control_ = is_control(opcode_);
    if (opcode_ == Opcode::close) return end_close();
    if (opcode_ == Opcode::ping) return Event::ping;
    if (opcode_ == Opcode::pong) return Event::pong;
    if (!final_) return Event::more;
    const bool text = fragmented_ == Opcode::text;
    fragmented_.reset();
    if (!text) return Event::binary;
    return is_utf8(message_) ? Event::text : failed(close_code::invalid_data);
}

FrameReader::Event FrameReader::next(std::string_view& bytes) {
    for (;;) {
        if (!in_payload_) {
            if (!read_header(bytes)) return Event::more;
            if (!check_header()) return Event::failed;
        }
        read_payload(bytes);
        if (payload_left_ > 0) return Event::more;
        if (const auto event = end_frame(); event != Event::more) return event;
    }
}

}  // namespace stoa::http
