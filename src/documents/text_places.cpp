// SPDX-License-Identifier: Apache-2.0
// The part of Documents that what was said of them rests on: which may still be read, which stand
// as they were, and where a text stands on its page.
#include "documents/documents.hpp"
#include "documents/sealed_places.hpp"
#include "documents/sql.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace stoa::documents {

namespace {

using Numbered = std::pair<DocumentId, std::int32_t>;  // a page, or a version

struct PageWordsRow {
    DocumentId document;
    std::int32_t page = 0;
    postgres::Bytes sealed_words;
    UserId owner;
};
BOOST_DESCRIBE_STRUCT(PageWordsRow, (), (document, page, sealed_words, owner))

struct UsedRow {
    bool is_readable = false;
    bool is_replaced = false;
};
BOOST_DESCRIBE_STRUCT(UsedRow, (), (is_readable, is_replaced))

/// Parallel arrays of what is there, each pair once.
struct PairedArrays {
    std::vector<DocumentId> documents;
    std::vector<std::int32_t> numbers;

    explicit PairedArrays(const std::set<Numbered>& pairs) {
        for (const auto& [document, number] : pairs) {
            documents.push_back(document);
            numbers.push_back(number);
        }
    }
};

postgres::Call check_used(const UserId& user, const std::vector<UsedVersion>& used) {
    std::set<Numbered> versions;
    for (const auto& [document, version] : used) versions.emplace(document, version);
    const PairedArrays arrays(versions);
    return postgres::make_call(sql::check_used, user, arrays.documents, arrays.numbers);
}

postgres::Call list_page_words(const std::vector<TextPlace>& places) {
    std::set<Numbered> pages;
    for (const auto& place : places) pages.emplace(place.document, place.page);
    const PairedArrays arrays(pages);
    return postgres::make_call(sql::list_page_words, arrays.documents, arrays.numbers);
}

using PageWords = std::map<Numbered, std::vector<extraction::Word>>;

Result<PageWords> open_words(accounts::SubjectKeys& keys, const postgres::Rows& rows) {
    PageWords words;
    for (const auto& row : rows.all<PageWordsRow>()) {
        const auto key = keys.key_of(row.owner);
        if (!key) return fail(key);
        const auto opened = key->open(row.sealed_words, page_words_place(row.document, row.page));
        if (!opened) return fail(opened);
        auto read = extraction::words_from_json(*opened);
        if (!read) return fail(read);
        words.emplace(Numbered(row.document, row.page), std::move(*read));
    }
    return words;
}

}  // namespace

Result<std::set<DocumentId>> Documents::list_readable(const UserId& user,
                                                      const std::set<DocumentId>& documents) {
    if (documents.empty()) return documents;
    const auto readable = database_.list<DocumentId>(
        sql::list_readable, user, std::vector<DocumentId>(documents.begin(), documents.end()));
    if (!readable) return fail(readable);
    return std::set<DocumentId>(readable->begin(), readable->end());
}

Result<void> Documents::check_readable(const UserId& user, const std::set<DocumentId>& documents) {
    const auto readable = list_readable(user, documents);
    if (!readable) return fail(readable);
    if (readable->size() < documents.size()) return document_not_found();
    return {};
}

Result<std::vector<Boxes>> Documents::locate(const UserId& user,
                                             const std::vector<TextPlace>& places,
                                             const std::vector<UsedVersion>& used) {
    postgres::Batch batch;
    batch.append(check_used(user, used));
    if (!places.empty()) batch.append(list_page_words(places));
    const auto rows = database_.run(batch);
    if (!rows) return fail(rows);
    const auto standing = only_as<UsedRow>(sql::check_used, rows->front());
    if (!standing) return fail(standing);
    if (!standing->is_readable) return document_not_found();
    if (standing->is_replaced) {
        return fail(ErrorKind::conflict, "document_replaced",
                    "A document was replaced while it was being answered from; ask again.");
    }
    std::vector<Boxes> located;
    if (places.empty()) return located;
    const auto words = open_words(keys_, rows->back());
    if (!words) return fail(words);
    for (const auto& place : places) {
        const auto page = words->find({place.document, place.page});
        located.push_back(page == words->end()
                              ? Boxes()
                              : extraction::boxes_of(page->second, place.begin, place.end));
    }
    return located;
}

}  // namespace stoa::documents
