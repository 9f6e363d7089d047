#ifndef JAWORT_STAMP_CRYPTOLIB_PRIV_H
#define JAWORT_STAMP_CRYPTOLIB_PRIV_H
/*
 * cryptolib: libcrypto, loaded when the first stamp is asked for and not at the start of the program (as curl in
 * send/curllib_priv.h, and for the same reasons).
 */
#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509_vfy.h>
#include "base/err.h"

#define CRYPTOLIB_FUNCTIONS(X)                                                                                 \
	X(ASN1_INTEGER_free) X(ASN1_INTEGER_get) X(ASN1_INTEGER_to_BN) X(ASN1_TIME_to_tm) X(BN_bin2bn) X(BN_bn2hex)  \
	X(BN_free) X(BN_to_ASN1_INTEGER) X(CRYPTO_free) X(CRYPTO_malloc) X(ERR_clear_error) X(ERR_peek_last_error)   \
	X(ERR_reason_error_string) X(EVP_sha256) X(PKCS7_free) X(PKCS7_get0_signers) X(PKCS7_to_TS_TST_INFO)         \
	X(OPENSSL_sk_free) X(OPENSSL_sk_num) X(OPENSSL_sk_value) X(TS_MSG_IMPRINT_free) X(TS_MSG_IMPRINT_new)        \
	X(TS_MSG_IMPRINT_set_algo) X(TS_MSG_IMPRINT_set_msg) X(TS_REQ_free) X(TS_REQ_new) X(TS_REQ_set_cert_req)     \
	X(TS_REQ_set_msg_imprint) X(TS_REQ_set_nonce) X(TS_REQ_set_version) X(TS_REQ_to_TS_VERIFY_CTX)               \
	X(TS_RESP_free) X(TS_RESP_get_status_info) X(TS_RESP_get_token) X(TS_RESP_verify_response)                   \
	X(TS_RESP_verify_token) X(TS_STATUS_INFO_get0_status) X(TS_TST_INFO_free) X(TS_TST_INFO_get_serial)          \
	X(TS_TST_INFO_get_time) X(TS_VERIFY_CTX_add_flags) X(TS_VERIFY_CTX_free) X(TS_VERIFY_CTX_new)                \
	X(TS_VERIFY_CTX_set_flags) X(TS_VERIFY_CTX_set_imprint) X(TS_VERIFY_CTX_set_store) X(X509_ALGOR_free)        \
	X(X509_ALGOR_new) X(X509_ALGOR_set_md) X(X509_NAME_oneline) X(X509_STORE_free) X(X509_STORE_load_file)       \
	X(X509_STORE_get0_param) X(X509_STORE_new) X(X509_VERIFY_PARAM_set_time) X(X509_get_subject_name)            \
	X(d2i_PKCS7) X(d2i_TS_REQ) X(d2i_TS_RESP) X(i2d_PKCS7) X(i2d_TS_REQ)

#define CRYPTOLIB_MEMBER(name) __typeof__(&name) name##_;
struct cryptolib {
	CRYPTOLIB_FUNCTIONS(CRYPTOLIB_MEMBER)
};

/* Once per process, then at once. NULL, E_UPSTREAM: no libcrypto.so.3, with the package that has it. Any thread. */
const struct cryptolib *cryptolib(struct errinfo *ei);

#endif
