// SPDX-License-Identifier: Apache-2.0
// The one translation unit that compiles Asio's own code.
#include "http/asio.hpp"

#include <boost/asio/impl/src.hpp>
