// SPDX-License-Identifier: AGPL-3.0-or-later
#include "stoa_extract/table_document.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "stoa_extract/frame_writer.hpp"
#include "tables/plan.hpp"
#include "tables/profile.hpp"
#include "tables/row_pages.hpp"

#include <algorithm>

namespace stoa::extract {
namespace {

using extraction::Format;
using extraction::wire::Failure;
using tables::TableFailure;

[[noreturn]] void fail_with(TableFailure failure) {
    switch (failure) {
        case TableFailure::row_too_long:
            write_failure_and_exit(Failure::table_row_too_long);
        case TableFailure::too_many_columns:
            write_failure_and_exit(Failure::table_too_wide);
        case TableFailure::too_large:
            write_failure_and_exit(Failure::table_too_large);
        case TableFailure::no_rows:
            write_failure_and_exit(Failure::table_empty);
        case TableFailure::plan_invalid:
            break;
    }
    write_failure_and_exit(Failure::plan_invalid);
}

template <class T>
T value_or_fail(tables::TableResult<T>&& result) {
    if (!result) fail_with(result.error());
    return std::move(*result);
}

void write_bounded(const std::string& json) {
    if (json.size() > extraction::wire::table_bytes_max) {
        write_failure_and_exit(Failure::table_too_large);
    }
    write_table(json);
}

}  // namespace

void extract_table(std::string_view bytes, const DocumentLimits& limits) {
    const auto table = value_or_fail(tables::Table::open(bytes));
    const auto profile = value_or_fail(tables::profile_table(table));
    const std::size_t pages_max =
        std::min(limits.table_pages_max, static_cast<std::size_t>(limits.pages_max) - 1);
    std::uint32_t count = 1;
    const auto left_out = value_or_fail(
        tables::for_each_row_page(table, pages_max, [&](tables::RowPage&&) { ++count; }));
    write_start(Format::csv, count, {});
    Page page;
    page.number = 1;
    page.label = "summary";
    page.text = cut_utf8(tables::describe(profile), limits.page_bytes_max);
    write_page(page);
    write_bounded(json::to_text(profile));
    value_or_fail(tables::for_each_row_page(table, pages_max, [&](tables::RowPage&& rows) {
        Page next;
        next.number = ++page.number;
        next.label = std::move(rows.label);
        next.text = std::move(rows.text);
        write_page(next);
    }));
    write_end({0, static_cast<std::uint32_t>(profile.replaced_characters),
               static_cast<std::uint32_t>(left_out)});
}

void profile_table(std::string_view bytes) {
    const auto table = value_or_fail(tables::Table::open(bytes));
    write_bounded(json::to_text(value_or_fail(tables::profile_table(table))));
}

void query_table(std::string_view bytes, std::string_view plan_json) {
    const auto plan = json::read<tables::Plan>(plan_json);
    if (!plan) write_failure_and_exit(Failure::plan_invalid);
    const auto table = value_or_fail(tables::Table::open(bytes));
    write_bounded(json::to_text(value_or_fail(tables::run_plan(table, *plan))));
}

}  // namespace stoa::extract
