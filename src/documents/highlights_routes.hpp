// SPDX-License-Identifier: Apache-2.0
// The REST handlers of highlights. Any thread.
#pragma once

#include "documents/highlights.hpp"
#include "http/message.hpp"

namespace stoa::documents::routes {

http::Handler highlights(Highlights& marks);
http::Handler create_highlight(Highlights& marks);
http::Handler change_highlight(Highlights& marks);
http::Handler delete_highlight(Highlights& marks);

}  // namespace stoa::documents::routes
