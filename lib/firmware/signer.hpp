// Who signed an image: the certificates in its hash segment, and the checks
// that lead from the signed bytes to the root.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

struct x509_st;

namespace qaic::firmware {

struct Certificate {
  std::string subject;     // RFC 2253, UTF-8
  std::string issuer;      // the same
  std::string not_before;  // "2025-07-25T06:44:15Z"
  std::string not_after;   // the same
  std::string sha384;      // of the DER bytes, hex
};

class Signer {
 public:
  // Certificates back to back, leaf first, padded. A leaf that cannot be read
  // is an error here (fw-certificate); what follows it is judged by
  // check_chain. `chain` is copied.
  static base::Result<Signer> read(base::Bytes chain);

  // ECDSA P-384 with SHA-384 by the leaf over `signed_bytes`; `signature` is
  // DER and zero-padded. Id: fw-signature.
  [[nodiscard]] base::Result<void> check_signature(base::Bytes signed_bytes, base::Bytes signature) const;

  // Leaf by intermediate by a self-signed root, each allowed to sign. Dates
  // are not judged: the card has no clock when it checks. Id: fw-chain.
  [[nodiscard]] base::Result<void> check_chain() const;

  [[nodiscard]] const std::vector<Certificate>& certificates() const { return certificates_; }

 private:
  struct Free {
    void operator()(x509_st* certificate) const;
  };

  std::vector<std::unique_ptr<x509_st, Free>> handles_;
  std::vector<Certificate> certificates_;
  std::optional<std::string> unreadable_;  // why what follows the last certificate is none
};

}  // namespace qaic::firmware
