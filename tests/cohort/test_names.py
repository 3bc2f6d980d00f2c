"""What results are called."""

from vesal.cohort.names import result_names


def test_folders_tell_images_of_one_name_apart() -> None:
    """As many as it takes, the nearest first; the others keep their plain name."""
    folders = [["p1"], ["p2"], ["p2"], ["day", "p3"], ["day", "p4"], []]
    names = result_names(["ct", "CT", "mr", "ct", "ct", "pet"], folders)
    assert names == ["p1_ct", "p2_CT", "mr", "p3_day_ct", "p4_day_ct", "pet"]


def test_names_do_not_depend_on_the_order() -> None:
    """A list that is sorted otherwise finds every result again."""
    folders = [["a"], ["b"], ["c"]]
    names = result_names(["ct"] * 3, folders)
    assert result_names(["ct"] * 3, folders[::-1]) == names[::-1]


def test_what_no_folder_tells_apart_is_numbered() -> None:
    """Files beside each other in two formats."""
    assert result_names(["ct", "ct"], [["a"], ["a"]]) == ["a_ct", "a_ct-2"]
