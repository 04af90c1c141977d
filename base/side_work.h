// SPDX-License-Identifier: Apache-2.0
// base/side_work: threads that may have time for a part of somebody's work.
#pragma once

#include <functional>

namespace origin {

class SideWork {
public:
    using Task = std::move_only_function<void()>;

    /// How many threads may well run at once, the caller's among them.
    virtual unsigned width() const = 0;

    /// Runs `task` on another thread, soon, if one has nothing to do. False: none has; the task is
    /// left as it was. A task may not throw and may not wait for others.
    [[nodiscard]] virtual bool offer(Task&& task) = 0;

protected:
    ~SideWork() = default;
};

}  // namespace origin
