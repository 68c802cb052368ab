// SPDX-License-Identifier: GPL-2.0-only
/* machine: msi iommu */
/* kernel: one */
/* quick: KPLUG_ONE_KIND=1 */
/* shows: KPLUG_BUFFER_ALLOC KPLUG_BUFFER_INFO KPLUG_BUFFER_FREE kind:contiguous kind:paged */
/* shows: kmod/buffer/rights.c kmod/buffer/mmap.c */
/* A buffer's owner, group and mode grant or refuse access; an fd passed on carries its rights; so do parts. */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/kind.h"

#define OWNER 4243
#define GROUP 4244
#define OTHER 4245
#define BYTES (3 * PAGE)

static struct kplug_buffer *buf;
static char node[64];

static void setup(void)
{
	struct kplug_buffer_rights rights = { .mode = 0640, .uid = OWNER, .gid = GROUP };
	struct kplug_alloc_opts opts = { .sz = sizeof(opts), .kind = kind, .keep = true, .rights = &rights };

	snprintf(node, sizeof(node), "/dev/kplug/%s", at->name);
	assert_ok(chmod(node, 0666));
	assert_ok(kplug_buffer_alloc(dev, "mine", BYTES, &opts, &buf));
	memset(kplug_buffer_ptr(buf), 0x5a, BYTES);
}

static void teardown(void)
{
	kplug_buffer_free(buf);
	kplug_buffer_drop(dev, "mine");
	assert_ok(chmod(node, 0600));
}

struct user {
	uid_t uid;
	gid_t gid;
	bool member; /* of GROUP, besides */
	bool own_namespace; /* in a user namespace of its own, with all capabilities there */
	bool reads, writes; /* what the mode grants the user */
};

static int become(const struct user *u)
{
	gid_t groups[] = { GROUP };

	NEED(!setgroups(u->member ? 1 : 0, groups));
	NEED(!setresgid(u->gid, u->gid, u->gid));
	NEED(!setresuid(u->uid, u->uid, u->uid));
	NEED(!u->own_namespace || !unshare(CLONE_NEWUSER));
	return 0;
}

/* What the library says of an open of the buffer. */
static int try_open(bool read_only, uint8_t *ret_byte)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = read_only };
	struct kplug_device *own = NULL;
	struct kplug_buffer *theirs = NULL;
	int err = kplug_device_open(at->name, &opts, &own);

	if (err)
		return err;
	err = kplug_buffer_open(own, "mine", &theirs);
	if (!err)
		*ret_byte = *(uint8_t *)kplug_buffer_ptr(theirs);
	kplug_buffer_free(theirs);
	kplug_device_close(own);
	return err;
}

static int uses(void *arg)
{
	const struct user *u = arg;
	struct kplug_device *own = NULL;
	struct kplug_buffer_info *infos;
	uint8_t byte = 0;
	size_t count;

	NEED(!become(u));
	NEED(try_open(true, &byte) == (u->reads ? 0 : -EACCES));
	NEED(byte == (u->reads ? 0x5a : 0));
	byte = 0;
	NEED(try_open(false, &byte) == (u->writes ? 0 : -EACCES));
	NEED(byte == (u->writes ? 0x5a : 0));
	NEED(u->writes || strstr(kplug_error(), "owner, group and mode"));
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(kplug_buffer_list(own, &infos, &count) == 0 && count == 1);
	NEED(!infos[0].out_dma_addr == !u->reads);
	free(infos);
	NEED(kplug_buffer_drop(own, "mine") == (u->writes ? 0 : -EACCES));
	kplug_device_close(own);
	return 0;
}

static void a_user(struct user u)
{
	assert_int_equal(kind_child(uses, &u), 0);
}

static void owner(void)
{
	a_user((struct user){ .uid = OWNER, .gid = OTHER, .reads = true, .writes = true });
}

static void member_of_the_group(void)
{
	a_user((struct user){ .uid = OTHER, .gid = GROUP, .reads = true });
	a_user((struct user){ .uid = OTHER, .gid = OTHER, .member = true, .reads = true });
}

static void neither_owner_nor_group(void)
{
	a_user((struct user){ .uid = OTHER, .gid = OTHER });
}

static void capable_in_a_namespace_only(void)
{
	a_user((struct user){ .uid = OTHER, .gid = OTHER, .own_namespace = true });
}

static void root(void)
{
	a_user((struct user){ .uid = 0, .gid = 0, .reads = true, .writes = true });
}

static void listed_with_its_rights(void)
{
	struct kplug_buffer_info *infos;
	size_t count;

	assert_ok(kplug_buffer_list(dev, &infos, &count));
	assert_int_equal(count, 1);
	assert_int_equal(infos[0].out_mode, 0640);
	assert_int_equal(infos[0].out_uid, OWNER);
	assert_int_equal(infos[0].out_gid, GROUP);
	free(infos);
}

static int try_rights(struct kplug_device *on, uint32_t flags, uint32_t mode, uint32_t uid, uint32_t gid)
{
	struct kplug_buffer_alloc req = { .size = sizeof(req), .bytes = 1, .kind = kind, .name = "other" };

	req.flags = flags;
	req.mode = mode;
	req.uid = uid;
	req.gid = gid;
	if (ioctl(kplug_device_fd(on), KPLUG_BUFFER_ALLOC, &req))
		return -errno;
	return rig_buffer_undo(kplug_device_fd(on), &req);
}

static int gives_away(void *arg)
{
	struct user u = { .uid = OWNER, .gid = OTHER, .member = true };
	struct kplug_device *own = NULL;

	(void)arg;
	NEED(!become(&u));
	NEED(!kplug_device_open(at->name, NULL, &own));
	NEED(try_rights(own, KPLUG_BUFFER_RIGHTS, 0600, OTHER, KPLUG_SELF) == -EPERM);
	NEED(try_rights(own, KPLUG_BUFFER_RIGHTS, 0600, KPLUG_SELF, 1) == -EPERM);
	NEED(try_rights(own, KPLUG_BUFFER_RIGHTS, 0600, OWNER, GROUP) == 0);
	NEED(try_rights(own, KPLUG_BUFFER_RIGHTS, 0, KPLUG_SELF, KPLUG_SELF) == 0);
	kplug_device_close(own);
	return 0;
}

static void bad_rights(void)
{
	assert_int_equal(try_rights(dev, KPLUG_BUFFER_RIGHTS, 0700, 0, 0), -EINVAL);
	assert_int_equal(try_rights(dev, KPLUG_BUFFER_RIGHTS, 01666, 0, 0), -EINVAL);
	assert_int_equal(try_rights(dev, 0, 0600, 0, 0), -EINVAL);
	assert_int_equal(try_rights(dev, 0, 0, 1, 0), -EINVAL);
	assert_int_equal(try_rights(dev, 0, 0, 0, 1), -EINVAL);
	assert_int_equal(try_rights(dev, 4, 0, 0, 0), -EINVAL);
	assert_int_equal(kind_child(gives_away, NULL), 0);
}

static int pair[2];

static int takes_the_fd(void *arg)
{
	const struct user u = { .uid = OTHER, .gid = OTHER };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	uint8_t *p;
	int fd;

	(void)arg;
	NEED(!become(&u));
	NEED(recvmsg(pair[1], &msg, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&msg));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	NEED(p != MAP_FAILED && p[BYTES - 1] == 0x5a);
	p[BYTES - 1] = 0x7e;
	return 0;
}

/* An fd carries its rights to the process that receives it. */
static void fd_passed_to_another_user(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .align = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	int fd = kplug_buffer_map_fd(buf);

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
	assert_int_equal(kind_child(takes_the_fd, NULL), 0);
	assert_int_equal(((uint8_t *)kplug_buffer_ptr(buf))[BYTES - 1], 0x7e);
	close(pair[0]);
	close(pair[1]);
}

static void a_part(void)
{
	struct kplug_open_opts opts = { .sz = sizeof(opts), .read_only = true };
	struct kplug_buffer *part = NULL;
	struct kplug_device *own;
	uint8_t *mem = kplug_buffer_ptr(buf);

	assert_ok(kplug_buffer_open_part(dev, "mine", PAGE, PAGE + 1, &part));
	assert_int_equal(kplug_buffer_size(part), PAGE + 1);
	assert_int_equal(kplug_buffer_dma_addr(part), kplug_buffer_dma_addr(buf) + PAGE);
	*(uint8_t *)kplug_buffer_ptr(part) = 0x11;
	assert_int_equal(mem[PAGE], 0x11);
	kplug_buffer_free(part);
	assert_ok(kplug_device_open(at->name, &opts, &own));
	assert_ok(kplug_buffer_open_part(own, "mine", PAGE, PAGE, &part));
	assert_int_equal(*(uint8_t *)kplug_buffer_ptr(part), 0x11);
	kplug_buffer_free(part);
	kplug_device_close(own);
}

static void bad_parts(void)
{
	static const size_t parts[][2] = { { 0, 0 },
					   { 1, PAGE },
					   { 0, BYTES + 1 },
					   { PAGE, BYTES },
					   { BYTES, 1 },
					   { PAGE, SIZE_MAX },
					   { SIZE_MAX - PAGE + 1, PAGE } };
	struct kplug_buffer *part = NULL;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		assert_errno(ERANGE, kplug_buffer_open_part(dev, "mine", parts[i][0], parts[i][1], &part));
		assert_null(part);
	}
	assert_non_null(strstr(kplug_error(), "outside the buffer"));
}

int main(void)
{
	static const struct rig_test tests[] = {
		TEST(owner),
		TEST(member_of_the_group),
		TEST(neither_owner_nor_group),
		TEST(capable_in_a_namespace_only),
		TEST(root),
		TEST(listed_with_its_rights),
		TEST(bad_rights),
		TEST(fd_passed_to_another_user),
		TEST(a_part),
		TEST(bad_parts),
	};

	return KIND_RUN(tests, .setup = setup, .teardown = teardown);
}
