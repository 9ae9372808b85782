// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reading JSON documents of which any member may be missing: the other side
 * may be of another version, or not there at all.
 */
#include <string.h>

#include "kturnctl/kturnctl.h"

/**
 * json_member() - find a member of a member of a member
 * @from: an object, or NULL
 * @path: names with slashes between them, "daemon/userspace/to_peer"
 *
 * Return: the member, still owned by @from; NULL if there is none, or it is
 * null.
 */
struct json_object *json_member(struct json_object *from, const char *path)
{
	char name[64];
	size_t len;

	while (from && *path) {
		len = strcspn(path, "/");
		if (len >= sizeof(name) ||
		    !json_object_is_type(from, json_type_object))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		path += len + (path[len] == '/');
		if (!json_object_object_get_ex(from, name, &from))
			return NULL;
	}
	return from;
}

/* The text of a member (numbers are texts, too), or "-". */
const char *json_text(struct json_object *from, const char *path)
{
	struct json_object *member = json_member(from, path);
	const char *text = member ? json_object_get_string(member) : NULL;

	return text && *text ? text : "-";
}

bool json_flag(struct json_object *from, const char *path)
{
	return json_object_get_boolean(json_member(from, path));
}

uint64_t json_count(struct json_object *from, const char *path)
{
	return json_object_get_uint64(json_member(from, path));
}
