// SPDX-License-Identifier: Apache-2.0
// net/fair_queue: a queue in which everybody who has something waiting gets one turn after the
// other, however much somebody else has waiting: round robin over groups, and over the members of
// each group. Within a member: first in, first out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

namespace origin::net {

/// Who something waits for. A group is what cannot be multiplied at will: an address, or a client
/// that proved its key. Its members (a key that was shown, a project) only share its turns.
struct Whose {
    std::uint64_t group = 0;
    std::uint64_t member = 0;
};

/// What is never empty in the turns of a FairQueue: one member's things.
template <class T>
class Lane {
public:
    void push(const Whose&, T&& item) { items_.push_back(std::move(item)); }
    T pop() {
        T item = std::move(items_.front());
        items_.pop_front();
        return item;
    }
    const T& next() const { return items_.front(); }
    std::size_t size() const { return items_.size(); }

private:
    std::deque<T> items_;
};

/// `Part`: a Lane, or Turns of them. `kKey`: which part of Whose it is told apart by.
template <class T, class Part, std::uint64_t Whose::* kKey>
class Turns {
public:
    void push(const Whose& whose, T&& item) {
        part_of(whose.*kKey).push(whose, std::move(item));
        ++size_;
    }
    /// Only if there is something.
    T pop() {
        const auto turn = turns_.front();
        turns_.pop_front();
        T item = turn->second.pop();
        --size_;
        if (turn->second.size() > 0) {
            turns_.push_back(turn);
        } else {
            drop(turn->first);
        }
        return item;
    }
    const T& next() const { return turns_.front()->second.next(); }
    std::size_t size() const { return size_; }
    /// How many have something waiting.
    std::size_t parts() const { return parts_.size(); }
    /// Null: there is nothing of theirs.
    const Part* find(const Whose& whose) const {
        const auto found = parts_.find(whose.*kKey);
        return found == parts_.end() ? nullptr : &found->second;
    }

private:
    using Parts = std::unordered_map<std::uint64_t, Part>;
    static constexpr std::size_t kSparesMax = 64;

    Part& part_of(std::uint64_t key) {
        auto found = parts_.find(key);
        if (found == parts_.end()) {
            found = add(key);
            turns_.push_back(&*found);
        }
        return found->second;
    }
    auto add(std::uint64_t key) {
        if (spares_.empty()) {
            return parts_.try_emplace(key).first;
        }
        auto node = std::move(spares_.back());
        spares_.pop_back();
        node.key() = key;
        return parts_.insert(std::move(node)).position;
    }
    /// What is small and comes again all the time is kept, with the memory it has.
    void drop(std::uint64_t key) {
        auto node = parts_.extract(key);
        if (spares_.size() < kSparesMax) {
            spares_.push_back(std::move(node));
        }
    }

    Parts parts_;
    std::deque<typename Parts::value_type*> turns_;  // Of those in parts_, each once.
    std::vector<typename Parts::node_type> spares_;
    std::size_t size_ = 0;
};

template <class T>
using FairQueue = Turns<T, Turns<T, Lane<T>, &Whose::member>, &Whose::group>;

}  // namespace origin::net
