// SPDX-License-Identifier: Apache-2.0
// Whatever is uploaded as CSV: it is read within bounds, pages keep theirs, and a profile and a
// plan over it end. What the first line says is also asked as a question.
#include "base/text.hpp"
#include "tables/plan.hpp"
#include "tables/profile.hpp"
#include "tables/question.hpp"
#include "tables/row_pages.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace stoa::tables;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto table = Table::open(bytes);
    if (!table) return 0;
    const auto profile = profile_table(*table, 64u << 10);
    for_each_row_page(*table, 20, [](RowPage&& page) {
        require(page.text.size() <= row_page_bytes_max && stoa::is_utf8(page.text));
    });
    if (!profile) return 0;
    for (const ColumnProfile& column : profile->columns) require(column.count <= profile->rows);
    Plan plan;
    plan.group_by = {table->columns().front()};
    plan.aggregates = {{Function::count, {}}, {Function::count, table->columns().back()}};
    plan.order = Order{"count", true};
    if (const auto result = run_plan(*table, plan, 64u << 10)) {
        require(result->rows_scanned == profile->rows && result->rows.size() <= 100);
    }
    const auto asked = plan_question(bytes.substr(0, bytes.find('\n')), profile->columns);
    if (asked) require(run_plan(*table, *asked, 64u << 10).has_value() || profile->rows > 0);
    return 0;
}
