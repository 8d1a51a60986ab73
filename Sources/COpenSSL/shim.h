// OpenSSL 3, as Debian ships it. Only the Signatures target imports this module.
#ifndef HOOKFERRY_COPENSSL_SHIM_H
#define HOOKFERRY_COPENSSL_SHIM_H
// The hashes' own functions: the EVP layer allocates and copies its contexts for every MAC.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#endif
