#include "stamp/stamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "stamp/cryptolib_priv.h"

#define CA_MAX_BYTES (4u * 1024u * 1024u)

/* What libcrypto says last, for admins. */
static const char *why(const struct cryptolib *c)
{
	const char *text = c->ERR_reason_error_string_(c->ERR_peek_last_error_());

	return text ? text : "no reason given";
}

/* ---- the question */

static bool imprint_set(const struct cryptolib *c, TS_REQ *req, const unsigned char *digest)
{
	TS_MSG_IMPRINT *imprint = c->TS_MSG_IMPRINT_new_();
	X509_ALGOR *algo = c->X509_ALGOR_new_();
	bool ok = imprint && algo;

	if (ok)
		c->X509_ALGOR_set_md_(algo, c->EVP_sha256_());
	ok = ok && c->TS_MSG_IMPRINT_set_algo_(imprint, algo)
	    && c->TS_MSG_IMPRINT_set_msg_(imprint, (unsigned char *)digest, CRYPT_HASH_BYTES)
	    && c->TS_REQ_set_msg_imprint_(req, imprint);
	c->X509_ALGOR_free_(algo);
	c->TS_MSG_IMPRINT_free_(imprint);
	return ok;
}

static bool nonce_set(const struct cryptolib *c, TS_REQ *req, const unsigned char *nonce)
{
	BIGNUM *bn = c->BN_bin2bn_(nonce, STAMP_NONCE_BYTES, NULL);
	ASN1_INTEGER *n = bn ? c->BN_to_ASN1_INTEGER_(bn, NULL) : NULL;
	bool ok = n && c->TS_REQ_set_nonce_(req, n);

	c->ASN1_INTEGER_free_(n);
	c->BN_free_(bn);
	return ok;
}

enum err stamp_ask(const unsigned char digest[CRYPT_HASH_BYTES], const unsigned char nonce[STAMP_NONCE_BYTES],
    struct buf *der, struct errinfo *ei)
{
	const struct cryptolib *c = cryptolib(ei);
	unsigned char *bytes = NULL;
	TS_REQ *req;
	int n = 0;

	if (!c)
		return E_UPSTREAM;
	req = c->TS_REQ_new_();
	if (req && c->TS_REQ_set_version_(req, 1) && imprint_set(c, req, digest) && nonce_set(c, req, nonce)
	    && c->TS_REQ_set_cert_req_(req, 1))
		n = c->i2d_TS_REQ_(req, &bytes);
	if (n > 0)
		buf_add(der, bytes, (size_t)n);
	c->CRYPTO_free_(bytes, __FILE__, __LINE__);
	c->TS_REQ_free_(req);
	return n > 0 && buf_ok(der) ? OK : err_set(ei, E_NOMEM, "no memory for a time stamp");
}

/* ---- certificates */

/* A context takes the store over. at_s: the moment at which certificates must be good; 0: now. */
static enum err roots_set(const struct cryptolib *c, TS_VERIFY_CTX *ctx, const char *ca_file, time_t at_s,
    struct errinfo *ei)
{
	X509_STORE *roots;
	struct buf text;
	enum err rc;

	/* Read once by ourselves: its error says path and reason, and libcrypto is never given what is no file. */
	buf_init(&text, CA_MAX_BYTES);
	rc = file_read(&text, ca_file, ei);
	buf_free(&text);
	if (rc)
		return rc == E_DENIED ? E_NOT_FOUND : rc;
	roots = c->X509_STORE_new_();
	if (!roots)
		return err_set(ei, E_NOMEM, "no memory for certificates");
	if (!c->X509_STORE_load_file_(roots, ca_file)) {
		c->X509_STORE_free_(roots);
		return err_set(ei, E_NOT_FOUND, "%s: no certificates in PEM form (%s)", ca_file, why(c));
	}
	if (at_s)
		c->X509_VERIFY_PARAM_set_time_(c->X509_STORE_get0_param_(roots), at_s);
	c->TS_VERIFY_CTX_set_store_(ctx, roots);
	return OK;
}

/* ---- what a token says */

static bool time_read(const struct cryptolib *c, const TS_TST_INFO *info, int64_t *ms)
{
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (!c->ASN1_TIME_to_tm_(c->TS_TST_INFO_get_time_(info), &tm))
		return false;
	*ms = (int64_t)timegm(&tm) * 1000;
	return *ms > 0;
}

static void serial_read(const struct cryptolib *c, const TS_TST_INFO *info, struct stamp *out)
{
	BIGNUM *bn = c->ASN1_INTEGER_to_BN_(c->TS_TST_INFO_get_serial_(info), NULL);
	char *hex = bn ? c->BN_bn2hex_(bn) : NULL;

	snprintf(out->serial, sizeof(out->serial), "%s", hex ? hex : "");
	c->CRYPTO_free_(hex, __FILE__, __LINE__);
	c->BN_free_(bn);
}

static void name_read(const struct cryptolib *c, PKCS7 *token, struct stamp *out)
{
	OPENSSL_STACK *signers = (OPENSSL_STACK *)c->PKCS7_get0_signers_(token, NULL, 0);

	if (signers && c->OPENSSL_sk_num_(signers) > 0)
		c->X509_NAME_oneline_(c->X509_get_subject_name_(c->OPENSSL_sk_value_(signers, 0)), out->name,
		    sizeof(out->name));
	c->OPENSSL_sk_free_(signers);
}

static enum err token_read(const struct cryptolib *c, PKCS7 *token, struct stamp *out, struct errinfo *ei)
{
	TS_TST_INFO *info = c->PKCS7_to_TS_TST_INFO_(token);
	bool ok = info && time_read(c, info, &out->time_ms);

	if (ok) {
		serial_read(c, info, out);
		name_read(c, token, out);
	}
	c->TS_TST_INFO_free_(info);
	return ok ? OK : err_set(ei, E_INVALID, "a time stamp without a time");
}

/* ---- the answer */

static enum err refused(const struct cryptolib *c, TS_RESP *resp, struct errinfo *ei)
{
	long status = c->ASN1_INTEGER_get_(c->TS_STATUS_INFO_get0_status_(c->TS_RESP_get_status_info_(resp)));

	/* RFC 3161 section 2.4.2: 0 granted, 1 granted with changes, 2 rejection, 3 waiting, 4 and 5 revocation. */
	return status == 0 || status == 1 ? OK : err_set(ei, E_UPSTREAM, "the time stamp authority refused (status %ld)",
	    status);
}

static enum err answer_check(const struct cryptolib *c, TS_RESP *resp, TS_REQ *req, const char *ca_file,
    struct errinfo *ei)
{
	TS_VERIFY_CTX *ctx = c->TS_REQ_to_TS_VERIFY_CTX_(req, NULL);
	enum err rc;

	if (!ctx)
		return err_set(ei, E_NOMEM, "no memory for a time stamp");
	c->TS_VERIFY_CTX_add_flags_(ctx, TS_VFY_SIGNATURE);
	rc = roots_set(c, ctx, ca_file, 0, ei);
	if (!rc && c->TS_RESP_verify_response_(ctx, resp) != 1)
		rc = err_set(ei, E_DENIED, "the time stamp does not hold: %s. Certificates: %s", why(c), ca_file);
	c->TS_VERIFY_CTX_free_(ctx);
	return rc;
}

static enum err token_take(const struct cryptolib *c, PKCS7 *token, struct buf *out, struct errinfo *ei)
{
	unsigned char *bytes = NULL;
	int n = c->i2d_PKCS7_(token, &bytes);

	if (n > 0)
		buf_add(out, bytes, (size_t)n);
	c->CRYPTO_free_(bytes, __FILE__, __LINE__);
	return n > 0 && buf_ok(out) ? OK : err_set(ei, E_LIMIT, "a time stamp of more than 64 KiB");
}

enum err stamp_take(struct slice answer, struct slice question, const char *ca_file, struct stamp *out,
    struct buf *token, struct errinfo *ei)
{
	const unsigned char *a = (const unsigned char *)answer.ptr, *q = (const unsigned char *)question.ptr;
	const struct cryptolib *c = cryptolib(ei);
	TS_RESP *resp = NULL;
	TS_REQ *req = NULL;
	enum err rc = OK;

	memset(out, 0, sizeof(*out));
	if (!c)
		return E_UPSTREAM;
	c->ERR_clear_error_();
	if (answer.len && answer.len <= STAMP_MAX_BYTES)
		resp = c->d2i_TS_RESP_(NULL, &a, (long)answer.len);
	req = question.len ? c->d2i_TS_REQ_(NULL, &q, (long)question.len) : NULL;
	if (!resp || a != (const unsigned char *)answer.ptr + answer.len)
		rc = err_set(ei, E_INVALID, "what came back is no answer of a time stamp authority (RFC 3161)");
	else if (!req)
		rc = err_set(ei, E_INVALID, "no question to compare with");
	if (!rc)
		rc = refused(c, resp, ei);
	if (!rc && !c->TS_RESP_get_token_(resp))
		rc = err_set(ei, E_INVALID, "the authority answered without a time stamp");
	if (!rc)
		rc = answer_check(c, resp, req, ca_file, ei);
	if (!rc)
		rc = token_read(c, c->TS_RESP_get_token_(resp), out, ei);
	if (!rc)
		rc = token_take(c, c->TS_RESP_get_token_(resp), token, ei);
	c->TS_RESP_free_(resp);
	c->TS_REQ_free_(req);
	c->ERR_clear_error_();
	return rc;
}

/* ---- a token kept from before */

static enum err token_check(const struct cryptolib *c, PKCS7 *token, const unsigned char *digest, const char *ca_file,
    int64_t at_ms, struct errinfo *ei)
{
	TS_VERIFY_CTX *ctx = c->TS_VERIFY_CTX_new_();
	unsigned char *imprint = c->CRYPTO_malloc_(CRYPT_HASH_BYTES, __FILE__, __LINE__);
	enum err rc;

	if (!ctx || !imprint) {
		c->TS_VERIFY_CTX_free_(ctx);
		c->CRYPTO_free_(imprint, __FILE__, __LINE__);
		return err_set(ei, E_NOMEM, "no memory for a time stamp");
	}
	memcpy(imprint, digest, CRYPT_HASH_BYTES);
	c->TS_VERIFY_CTX_set_flags_(ctx, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE);
	c->TS_VERIFY_CTX_set_imprint_(ctx, imprint, CRYPT_HASH_BYTES); /* taken over */
	rc = roots_set(c, ctx, ca_file, (time_t)(at_ms / 1000), ei);
	if (!rc && c->TS_RESP_verify_token_(ctx, token) != 1)
		rc = err_set(ei, E_DENIED, "the time stamp does not hold: %s. Certificates: %s", why(c), ca_file);
	c->TS_VERIFY_CTX_free_(ctx);
	return rc;
}

enum err stamp_verify(struct slice token, const unsigned char digest[CRYPT_HASH_BYTES], const char *ca_file,
    struct stamp *out, struct errinfo *ei)
{
	const unsigned char *p = (const unsigned char *)token.ptr;
	const struct cryptolib *c = cryptolib(ei);
	PKCS7 *t = NULL;
	enum err rc;

	memset(out, 0, sizeof(*out));
	if (!c)
		return E_UPSTREAM;
	c->ERR_clear_error_();
	if (token.len && token.len <= STAMP_MAX_BYTES)
		t = c->d2i_PKCS7_(NULL, &p, (long)token.len);
	if (!t || p != (const unsigned char *)token.ptr + token.len)
		rc = err_set(ei, E_INVALID, "not a time stamp token (RFC 3161)");
	else
		rc = token_read(c, t, out, ei);
	if (!rc)
		rc = token_check(c, t, digest, ca_file, out->time_ms, ei);
	c->PKCS7_free_(t);
	c->ERR_clear_error_();
	return rc;
}
