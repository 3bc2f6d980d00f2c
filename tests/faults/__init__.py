"""What happens when disks, processes and clocks fail, over the whole product."""
