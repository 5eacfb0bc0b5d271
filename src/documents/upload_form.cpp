// SPDX-License-Identifier: Apache-2.0
#include "documents/upload_form.hpp"

#include "base/text.hpp"

#include <set>
#include <string>
#include <utility>

namespace stoa::documents {

namespace {

class FormReader {
  public:
    explicit FormReader(bool takes_values) : takes_values_(takes_values) {}

    void read(const http::Part& part) {
        if (!seen_.insert(part.name).second) return wrong(part.name, "Give it once", "duplicate");
        if (part.name == "file") {
            if (!part.file) {
                return wrong("file", "Input should be a file with a file name", "file_type");
            }
            upload_.file = part;
        } else if (!takes_values_) {
            wrong(part.name, "Extra inputs are not permitted", "extra_forbidden");
        } else if (part.file) {
            wrong(part.name, "Only the part \"file\" may be a file", "extra_forbidden");
        } else {
            read_value(part);
        }
    }

    Result<Upload> take() {
        if (!seen_.contains("file")) wrong("file", "Field required", "missing");
        if (!errors_.empty()) {
            return tl::unexpected<Error>(Error{ErrorKind::invalid,
                                               "validation_failed",
                                               "The form has wrong values.",
                                               std::move(errors_),
                                               {}});
        }
        if (is_permanent_) {
            return fail(ErrorKind::invalid, "permanent_storage_unavailable",
                        "No permanent storage is configured here; upload without \"permanent\".");
        }
        return std::move(upload_);
    }

  private:
    void read_value(const http::Part& part) {
        if (!is_utf8(part.value))
            return wrong(part.name, "Input should be UTF-8", "string_unicode");
        if (part.name == "title") {
            read_json(part.name, json::Value(part.value), upload_.title);
        } else if (part.name == "room_id") {
            read_json(part.name, json::Value(part.value), upload_.room_id);
        } else if (part.name == "tags") {
            if (auto tags = json::parse(part.value)) return read_json("tags", *tags, upload_.tags);
            wrong("tags", "Input should be a JSON array of strings", "list_type");
        } else if (part.name == "is_public") {
            read_flag(part, upload_.is_public);
        } else if (part.name == "allow_duplicate") {
            read_flag(part, upload_.allow_duplicate);
        } else if (part.name == "permanent") {
            read_flag(part, is_permanent_);
        } else {
            wrong(part.name, "Extra inputs are not permitted", "extra_forbidden");
        }
    }

    template <class T>
    void read_json(const std::string& name, const json::Value& value, T& to) {
        json::Reader reader(name);
        reader.read(value, to);
        for (auto& error : reader.take_errors()) {
            error.loc.insert(error.loc.begin(), "body");
            errors_.push_back(std::move(error));
        }
    }

    void read_flag(const http::Part& part, bool& to) {
        if (part.value != "true" && part.value != "false") {
            return wrong(part.name, "Input should be true or false", "bool_parsing");
        }
        to = part.value == "true";
    }

    void wrong(const std::string& name, std::string message, std::string type) {
        const auto shown = is_utf8(name) ? std::string(cut_utf8(name, 64)) : std::string("?");
        errors_.push_back({{"body", shown}, std::move(message), std::move(type)});
    }

    const bool takes_values_;
    Upload upload_;
    bool is_permanent_ = false;
    std::set<std::string> seen_;
    std::vector<FieldError> errors_;
};

}  // namespace

Result<Upload> read_upload_form(std::span<const http::Part> parts) {
    FormReader form(true);
    for (const auto& part : parts) form.read(part);
    return form.take();
}

Result<http::Part> read_file_form(std::span<const http::Part> parts) {
    FormReader form(false);
    for (const auto& part : parts) form.read(part);
    auto upload = form.take();
    if (!upload) return fail(upload);
    return std::move(upload->file);
}

}  // namespace stoa::documents
