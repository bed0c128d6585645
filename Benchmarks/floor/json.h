// Just enough JSON to find one value in an answer, whatever the order of its members.
#pragma once

/// The value of a member of an object, NULL where there is none. The text must be valid JSON.
const char *json_member(const char *object, const char *name);

/// The number at a path such as "result.counts.succeeded", or `otherwise`.
long json_number(const char *object, const char *path, long otherwise);
