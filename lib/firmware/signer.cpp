#include "lib/firmware/signer.hpp"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

#include "lib/firmware/digest.hpp"

namespace qaic::firmware {
namespace {

using base::ErrorKind;
using base::fail;
using base::make_error;
using base::Result;

constexpr std::size_t kMostCertificates = 8;

template <auto F>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    F(object);
  }
};
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Store = std::unique_ptr<X509_STORE, FreeWith<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, FreeWith<X509_STORE_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeWith<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, FreeWith<ECDSA_SIG_free>>;

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

// libcrypto's error queue belongs to the thread; nothing of ours stays in it.
struct ErrorQueueGuard {
  ~ErrorQueueGuard() { ERR_clear_error(); }
};

base::Error wrong(std::string_view id, std::string what) {
  return make_error(ErrorKind::verdict, id, std::move(what));
}

std::string name_text(const X509_NAME* name) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0,
                                 XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0) {
    return {};
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : std::string{};
}

std::string time_text(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

const unsigned char* raw(base::Bytes bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

bool is_all(base::Bytes bytes, unsigned value) {
  return std::all_of(bytes.begin(), bytes.end(), [value](std::byte b) { return b == std::byte(value); });
}

bool is_p384(EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  return key != nullptr && EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size(), &size) ==
             1 &&
         std::string_view(group.data(), size) == "secp384r1";
}

}  // namespace

void Signer::Free::operator()(x509_st* certificate) const {
  X509_free(certificate);
}

Result<Signer> Signer::read(base::Bytes chain) {
  const ErrorQueueGuard guard;
  Signer out;
  while (!chain.empty() && !is_all(chain, 0xFF) && !is_all(chain, 0)) {
    if (out.handles_.size() == kMostCertificates) {
      out.unreadable_ = "more than " + std::to_string(kMostCertificates) + " certificates";
      break;
    }
    const unsigned char* at = raw(chain);
    std::unique_ptr<x509_st, Free> certificate(d2i_X509(nullptr, &at, static_cast<long>(chain.size())));
    if (!certificate) {
      out.unreadable_ = "what follows certificate " + std::to_string(out.handles_.size()) +
                        " is neither a certificate nor padding";
      break;
    }
    const auto der = chain.first(static_cast<std::size_t>(at - raw(chain)));
    const auto digest = sha384(der);
    out.certificates_.push_back({name_text(X509_get_subject_name(certificate.get())),
                                 name_text(X509_get_issuer_name(certificate.get())),
                                 time_text(X509_get0_notBefore(certificate.get())),
                                 time_text(X509_get0_notAfter(certificate.get())),
                                 digest ? hex(*digest) : std::string{}});
    out.handles_.push_back(std::move(certificate));
    chain = chain.subspan(der.size());
  }
  if (out.handles_.empty()) {
    return fail(wrong("fw-certificate", "the hash segment holds no readable signing certificate"));
  }
  return out;
}

Result<void> Signer::check_signature(base::Bytes signed_bytes, base::Bytes signature) const {
  const ErrorQueueGuard guard;
  const auto bad = [](std::string what) { return fail(wrong("fw-signature", std::move(what))); };
  const unsigned char* at = raw(signature);
  const EcSignature parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(signature.size())));
  if (!parsed) return bad("the signature is not a DER ECDSA signature");
  const auto der = signature.first(static_cast<std::size_t>(at - raw(signature)));
  if (!is_all(signature.subspan(der.size()), 0))
    return bad("the signature is followed by something other than padding");

  EVP_PKEY* key = X509_get0_pubkey(handles_.front().get());
  if (!is_p384(key)) return bad("the signing certificate's key is not P-384");
  const DigestContext context(EVP_MD_CTX_new());
  if (!context || EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr, key) != 1) {
    return fail(
        make_error(ErrorKind::internal, "fw-libcrypto", "libcrypto cannot verify ECDSA with SHA-384"));
  }
  if (EVP_DigestVerify(context.get(), raw(der), der.size(), raw(signed_bytes), signed_bytes.size()) != 1) {
    return bad("the signature does not fit the hash segment's header, metadata and hash table");
  }
  return {};
}

Result<void> Signer::check_chain() const {
  const ErrorQueueGuard guard;
  const auto bad = [](std::string what) { return fail(wrong("fw-chain", std::move(what))); };
  if (unreadable_) return bad("the certificate chain is damaged: " + *unreadable_);
  if (handles_.size() < 2) return bad("the chain has no issuer for the signing certificate");

  // libcrypto judges the path with the chain's own last certificate as anchor;
  // whether that anchor is one we know is a separate check.
  const Store store(X509_STORE_new());
  const StoreContext context(X509_STORE_CTX_new());
  const std::unique_ptr<STACK_OF(X509), FreeStack> between(sk_X509_new_null());
  if (!store || !context || !between || X509_STORE_add_cert(store.get(), handles_.back().get()) != 1) {
    return fail(
        make_error(ErrorKind::internal, "fw-libcrypto", "libcrypto cannot hold the certificate chain"));
  }
  for (std::size_t i = 1; i + 1 < handles_.size(); ++i) sk_X509_push(between.get(), handles_[i].get());
  if (X509_STORE_CTX_init(context.get(), store.get(), handles_.front().get(), between.get()) != 1) {
    return fail(make_error(ErrorKind::internal, "fw-libcrypto", "libcrypto cannot start a path check"));
  }
  X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context.get()),
                              X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_CHECK_SS_SIGNATURE);
  if (X509_verify_cert(context.get()) != 1) {
    const int depth = X509_STORE_CTX_get_error_depth(context.get());
    const int error = X509_STORE_CTX_get_error(context.get());
    return bad("the certificate chain does not hold at certificate " + std::to_string(depth) + ": " +
               X509_verify_cert_error_string(error));
  }
  if (static_cast<std::size_t>(sk_X509_num(X509_STORE_CTX_get0_chain(context.get()))) != handles_.size()) {
    return bad("the certificate chain holds certificates that are no part of the path to its root");
  }
  return {};
}

}  // namespace qaic::firmware
