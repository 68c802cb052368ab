# SPDX-License-Identifier: GPL-2.0-only
# For Kbuild: reads the kernel's include/linux/bpf.h and prints "known" if struct bpf_map_ops has no member that
# map.c, fill_ops(), does not know; else what is wrong. A member that is new to us might be an op that, where it is NULL,
# the kernel does something of its own with our map.

BEGIN {
	n = split("map_alloc_check map_alloc map_release map_free map_get_next_key map_release_uref " \
		"map_lookup_elem_sys_only map_lookup_batch map_lookup_and_delete_elem map_lookup_and_delete_batch " \
		"map_update_batch map_delete_batch map_lookup_elem map_update_elem map_delete_elem map_push_elem " \
		"map_pop_elem map_peek_elem map_lookup_percpu_elem map_get_hash map_fd_get_ptr map_fd_put_ptr " \
		"map_gen_lookup map_fd_sys_lookup_elem map_seq_show_elem map_check_btf map_poke_track map_poke_untrack " \
		"map_poke_run map_direct_value_addr map_direct_value_meta map_mmap map_mmap_fault map_poll " \
		"map_get_unmapped_area map_local_storage_charge map_local_storage_uncharge map_owner_storage_ptr " \
		"map_redirect map_meta_equal map_set_for_each_callback_args map_for_each_callback map_mem_usage " \
		"map_btf_id iter_seq_info", names)
	for (i = 1; i <= n; i++)
		known[names[i]] = 1
}

function member(name)
{
	members++
	if (!(name in known))
		unknown = unknown " " name
}

/^struct bpf_map_ops {/ { inside = 1; next }
inside && /^}/ { inside = 0; whole = 1 }
!inside { next }
/^[ \t]*(\/\*|\*)/ { next }

# A function pointer, which may go on in the next lines, or another member: its name is the last word.
match($0, /\(\*[a-z_0-9]+\)/) { member(substr($0, RSTART + 2, RLENGTH - 3)); open = !/;/; next }
open { open = !/;/; next }
match($0, /[a-z_0-9]+;/) { member(substr($0, RSTART, RLENGTH - 1)); next }
/[^ \t]/ { unknown = unknown " (" $0 ")" }

END {
	if (!whole || members < 20)
		print "struct bpf_map_ops was not found in the headers of this kernel"
	else if (unknown != "")
		print "struct bpf_map_ops of this kernel has members that this kplug does not know:" unknown
	else
		print "known"
}
