#ifndef JAWORT_SEND_CURLLIB_PRIV_H
#define JAWORT_SEND_CURLLIB_PRIV_H
/*
 * curllib: libcurl, loaded when the first request is to be sent and not at the
 * start of the program. Only the worker ever gets there: serve and CGI have
 * neither the code of a network client nor its memory (7 MB) nor its start-up time.
 *
 * The names of libcurl stand for the loaded functions, so code that includes
 * this header instead of curl/curl.h reads like any other.
 */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include "base/err.h"

#define CURLLIB_FUNCTIONS(X) \
	X(curl_easy_cleanup) X(curl_easy_getinfo) X(curl_easy_header) X(curl_easy_init) X(curl_easy_setopt) \
	X(curl_easy_strerror) X(curl_free) X(curl_global_init) X(curl_multi_add_handle) X(curl_multi_cleanup) \
	X(curl_multi_info_read) X(curl_multi_init) X(curl_multi_perform) X(curl_multi_poll) \
	X(curl_multi_remove_handle) X(curl_multi_setopt) X(curl_slist_append) X(curl_slist_free_all) \
	X(curl_url) X(curl_url_cleanup) X(curl_url_get) X(curl_url_set)

#define CURLLIB_MEMBER(name) __typeof__(&name) name##_;
struct curllib {
	CURLLIB_FUNCTIONS(CURLLIB_MEMBER)
};
extern struct curllib curllib;

/* Once per process, then OK at once. E_UPSTREAM: no libcurl.so.4, with the package that has it. Any thread. */
enum err curllib_load(struct errinfo *ei);

/* curl.h has macros of these names that only count arguments. */
#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt
#ifndef CURLLIB_LOADER
#define curl_easy_cleanup curllib.curl_easy_cleanup_
#define curl_easy_getinfo curllib.curl_easy_getinfo_
#define curl_easy_header curllib.curl_easy_header_
#define curl_easy_init curllib.curl_easy_init_
#define curl_easy_setopt curllib.curl_easy_setopt_
#define curl_easy_strerror curllib.curl_easy_strerror_
#define curl_free curllib.curl_free_
#define curl_global_init curllib.curl_global_init_
#define curl_multi_add_handle curllib.curl_multi_add_handle_
#define curl_multi_cleanup curllib.curl_multi_cleanup_
#define curl_multi_info_read curllib.curl_multi_info_read_
#define curl_multi_init curllib.curl_multi_init_
#define curl_multi_perform curllib.curl_multi_perform_
#define curl_multi_poll curllib.curl_multi_poll_
#define curl_multi_remove_handle curllib.curl_multi_remove_handle_
#define curl_multi_setopt curllib.curl_multi_setopt_
#define curl_slist_append curllib.curl_slist_append_
#define curl_slist_free_all curllib.curl_slist_free_all_
#define curl_url curllib.curl_url_
#define curl_url_cleanup curllib.curl_url_cleanup_
#define curl_url_get curllib.curl_url_get_
#define curl_url_set curllib.curl_url_set_
#endif

#endif
