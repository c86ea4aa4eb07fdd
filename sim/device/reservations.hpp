// Parts of the card that users set aside, each with its own accounting: what a
// reservation took is not free for anybody else. Source: runtime-protocols
// §2.2. No source says how reservations nest, what happens to them when their
// user ends, or what each refusal's status is; all that is the model's reading.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "sim/device/granted.hpp"
#include "sim/device/resources.hpp"
#include "sim/device/store.hpp"

namespace qaic::sim::device {

class Reservations {
 public:
  explicit Reservations(Resources& card) : card_(card) {}
  Reservations(const Reservations&) = delete;
  Reservations& operator=(const Reservations&) = delete;
  ~Reservations();

  // `source`: a group of the same user, or kWholeCard. Each answers with an id.
  Granted<std::uint32_t> create_group(base::UserHandle owner, std::int32_t source, const Share& share);
  // `networks`: how many may be active on it at once; 0: any number.
  Granted<std::uint32_t> reserve_compute(base::UserHandle owner, std::int32_t source, const Share& share,
                                         unsigned networks);
  struct Channel {
    std::uint32_t id = 0;
    unsigned channel = 0;
  };
  Granted<Channel> reserve_channel(base::UserHandle owner, std::int32_t source, unsigned semaphores);
  // Gives a compute reservation more or fewer NSPs.
  wire::nnc::Status update_compute(base::UserHandle owner, std::int32_t id, unsigned nsps);

  wire::nnc::Status release_group(base::UserHandle owner, std::int32_t id);
  wire::nnc::Status release_compute(base::UserHandle owner, std::int32_t id);
  wire::nnc::Status release_channel(base::UserHandle owner, std::int32_t id);
  // Frees what is this user's; what dying networks still hold follows with the
  // sweep() after they are gone.
  void terminate(base::UserHandle owner);
  void sweep();

  // What is left of a group, or of the card.
  Granted<wire::nnc::ResourceInfo> info(base::UserHandle owner, std::int32_t group);
  // Where an activation takes what it needs; the pins keep it there.
  struct Use {
    Resources* compute = nullptr;  // NSPs, multicast ids, shared DDR
    Resources* channel = nullptr;  // channel, semaphores
    Pin compute_pin;
    Pin channel_pin;
  };
  // Ids of reservations, or -1.
  Granted<Use> use(base::UserHandle owner, std::int32_t compute, std::int32_t channel);

  void describe(std::vector<std::string>& lines) const;

 private:
  struct Part {
    base::UserHandle owner;
    Pin source_pin;
    std::unique_ptr<Resources> resources;
    unsigned networks = 0;
    unsigned users = 0;  // activations, and parts of this part
    bool orphaned = false;
  };
  struct Source {
    Resources* resources = nullptr;
    Pin pin;
  };
  Granted<Source> source(base::UserHandle owner, std::int32_t group);
  Granted<std::uint32_t> add(Store<Part>& into, base::UserHandle owner, std::int32_t source,
                             const Share& share, unsigned networks);
  static Granted<Part*> find(Store<Part>& in, base::UserHandle owner, std::int32_t id);
  static wire::nnc::Status release(Store<Part>& in, base::UserHandle owner, std::int32_t id);
  static void describe(const Store<Part>& parts, const char* what, std::vector<std::string>& lines);

  Resources& card_;
  Store<Part> groups_;
  Store<Part> computes_;
  Store<Part> channels_;
};

}  // namespace qaic::sim::device
