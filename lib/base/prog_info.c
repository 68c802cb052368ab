// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

static bool statistics_on(void)
{
	char text[8];

	return !kp_sysfs_read("/proc/sys/kernel/bpf_stats_enabled", text, sizeof(text)) && text[0] == '1';
}

int kp_prog_info(uint32_t id, struct kplug_program_info *program, char ret_name[BPF_OBJ_NAME_LEN])
{
	struct bpf_prog_info info = { .map_ids = (uintptr_t)program->map_ids, .nr_map_ids = KPLUG_PROGRAM_MAPS };
	__u32 len = sizeof(info);
	int fd, err = 0;

	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return -errno;
	if (bpf_prog_get_info_by_fd(fd, &info, &len))
		err = -errno;
	close(fd);
	if (ret_name)
		memcpy(ret_name, info.name, BPF_OBJ_NAME_LEN);
	program->id = id;
	memcpy(program->tag, info.tag, sizeof(program->tag));
	program->instructions = info.xlated_prog_len / sizeof(struct bpf_insn);
	program->runs = info.run_cnt;
	program->run_time = info.run_time_ns;
	program->counted = info.run_cnt || statistics_on();
	program->map_count = info.nr_map_ids < KPLUG_PROGRAM_MAPS ? info.nr_map_ids : KPLUG_PROGRAM_MAPS;
	return err;
}
