// SPDX-License-Identifier: Apache-2.0
#include "origind/push_gates.h"

#include <algorithm>

namespace origin {

PushGates::PushGates(const Around& around)
    : push_rules_(around.store, around.clock),
      secret_scan_({.store = around.store,
                    .gatekeeper = around.gatekeeper,
                    .clock = around.clock,
                    .metrics = around.metrics,
                    .on = around.config.secret_scan}),
      external_gate_({.store = around.store,
                      .client = around.client,
                      .clock = around.clock,
                      .random = around.random,
                      .master_key = around.master_key,
                      .metrics = around.metrics,
                      .at_once = std::max(1U, around.config.worker_threads / 2)}) {}

}  // namespace origin
