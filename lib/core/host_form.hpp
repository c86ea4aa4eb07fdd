// A tensor in its user's form, where the card has it in another one.
#pragma once

#include <cstddef>

#include "base/bytes.hpp"
#include "lib/transform/chain.hpp"
#include "wire/qpc.hpp"

namespace qaic::core {

// Owns the user's memory and all that a conversion needs, so that converting
// allocates nothing. One thread at a time.
class HostForm {
 public:
  // `chain` is from the user's form for an input, to it for an output.
  HostForm(transform::Chain chain, wire::qpc::Transfer direction);

  // Stable for the HostForm's life.
  [[nodiscard]] base::MutableBytes memory() { return user_; }

  // What the user has put there, into `moved`, which the card will read.
  void give(base::MutableBytes moved);
  // The first `elements` of it; for an input that may be sent in part.
  void give_first(std::size_t elements, base::MutableBytes moved);
  // What the card has written to `moved`, for the user.
  void take(base::Bytes moved);

 private:
  transform::Chain chain_;
  base::ByteVector user_;
  base::ByteVector scratch_;
};

}  // namespace qaic::core
