/**
 * The names that `from fastai.vision.all import *` and similar imports define (fastai 2.8), by the
 * module that defines them. The entry '' has modules. A name that fastai moved between versions is
 * found by its name alone.
 */
export const STAR_NAMES: Readonly<Record<string, string>> = {
  '': 'collections csv enum functools inspect io os pickle shutil sys threading time itertools json math numbers operator random re string torch types typing warnings',
  PIL: 'Image',
  collections: 'Counter OrderedDict defaultdict namedtuple',
  'collections.abc': 'MutableMapping MutableSequence',
  contextlib: 'contextmanager redirect_stdout',
  copy: 'copy deepcopy',
  enum: 'Enum IntEnum',
  'fastai.callback.core': 'Callback FetchPredsCallback GatherPredsCallback TrainEvalCallback',
  'fastai.callback.hook':
    'ActivationStats Hook HookCallback Hooks dummy_eval has_params hook_output hook_outputs model_sizes num_features_model',
  'fastai.callback.mixup': 'CutMix MixHandler MixUp reduce_loss',
  'fastai.callback.tracker':
    'EarlyStoppingCallback ReduceLROnPlateau SaveModelCallback TerminateOnNaNCallback TrackerCallback',
  'fastai.collab': 'CollabDataLoaders EmbeddingDotBias EmbeddingNN TabularCollab collab_learner',
  'fastai.data.block': 'CategoryBlock DataBlock MultiCategoryBlock RegressionBlock TransformBlock',
  'fastai.data.core':
    'DataLoaders Datasets FilteredBase TfmdDL TfmdLists decode_at get_show_batch_func show_at show_batch show_results test_set',
  'fastai.data.external': 'URLs fastai_cfg fastai_path nb_urls prefetch_data untar_data',
  'fastai.data.load': 'DataLoader SkipItemException collate_error fa_collate fa_convert',
  'fastai.data.transforms':
    'AttrGetter Categorize Category CategoryMap ColReader ColSplitter EncodedMultiCategorize EndSplitter FileGetter FileSplitter FuncSplitter GrandparentSplitter ImageGetter IndexSplitter IntToFloatTensor ItemGetter MaskSplitter MultiCategorize MultiCategory Normalize OneHotEncode RandomSplitter RandomSubsetSplitter RegexLabeller RegressionSetup ToTensor TrainTestSplitter broadcast_vec get_c get_files get_image_files get_text_files parent_label',
  'fastai.imports': 'all_equal equals is_coll is_iter noop noops one_is_instance pv',
  'fastai.layers':
    'AdaptiveAvgPool AdaptiveConcatPool1d AdaptiveConcatPool2d AvgPool BatchNorm BatchNorm1dFlat Cat ConvLayer Debugger Embedding Flatten Identity InstanceNorm Lambda LinBnDrop MaxPool MergeLayer MishJit MishJitAutoFn NoneReduce NormType ParameterModule PartialLambda PixelShuffle_ICNR PoolFlatten PoolType PooledSelfAttention2d ProdLayer ResBlock ResizeBatch SEBlock SEModule SEResNeXtBlock SelfAttention SeparableBlock SequentialEx SigmoidRange SimpleCNN SimpleSelfAttention SwishJit TimeDistributed ToTensorBase View adaptive_pool children_and_parameters flatten_model has_children icnr_init in_channels init_default init_linear mish module sequential sigmoid sigmoid_ sigmoid_range swish trunc_normal_ vleaky_relu',
  'fastai.learner':
    'AvgLoss AvgMetric AvgSmoothLoss CastToTensor Learner Metric Recorder SkipToEpoch ValueMetric before_batch_cb load_learner load_model mk_metric replacing_yield save_model',
  'fastai.losses':
    'BCELossFlat BCEWithLogitsLossFlat BaseLoss CrossEntropyLossFlat DiceLoss FocalLoss FocalLossFlat L1LossFlat LabelSmoothingCrossEntropy LabelSmoothingCrossEntropyFlat MSELossFlat',
  'fastai.metrics':
    'AccumMetric LossMetric accuracy accuracy_multi error_rate foreground_acc mae mse rmse skm_to_fastai',
  'fastai.tabular.core':
    'Categorify FillMissing FillStrategy ReadTabBatch TabDataLoader TabWeightedDL Tabular TabularPandas TabularProc add_datepart add_elapsed_times cont_cat_split df_shrink df_shrink_dtypes make_date',
  'fastai.tabular.data': 'TabularDataLoaders',
  'fastai.tabular.learner': 'TabularLearner tabular_learner',
  'fastai.tabular.model': 'TabularModel emb_sz_rule get_emb_sz tabular_config',
  'fastai.text.core':
    'BOS BaseTokenizer EOS FLD PAD TK_MAJ TK_REP TK_UP TK_WREP UNK SentencePieceTokenizer SpacyTokenizer TokenizeWithRules Tokenizer fix_html load_tokenized_csv lowercase parallel_tokenize replace_all_caps replace_maj replace_rep replace_space replace_wrep rm_useless_spaces spec_add_spaces tokenize1 tokenize_csv tokenize_df tokenize_files tokenize_folder tokenize_texts',
  'fastai.text.data':
    'LMDataLoader LMTensorText Numericalize Pad_Chunk Pad_Input SortedDL TensorText TextBlock TextDataLoaders make_vocab pad_chunk pad_input_chunk pad_input reverse_text',
  'fastai.text.learner':
    'LMLearner TextLearner clean_raw_keys decode_spec_tokens language_model_learner load_ignore_keys load_model_text match_embeds text_classifier_learner',
  'fastai.text.models': 'awdlstm core',
  'fastai.text.models.awdlstm':
    'AWD_LSTM EmbeddingDropout RNNDropout WeightDropout awd_lstm_clas_split awd_lstm_lm_split dropout_mask',
  'fastai.text.models.core':
    'LinearDecoder PoolingLinearClassifier SentenceEncoder SequentialRNN get_language_model get_text_classifier masked_concat_pool',
  'fastai.torch_core':
    'ArrayBase ArrayImage ArrayImageBW ArrayImageBase ArrayMask Chunks Module ShowTitle TensorBase TensorCategory TensorFlowField TensorImage TensorImageBW TensorImageBase TensorMask TensorMultiCategory TitledFloat TitledInt TitledStr TitledTensorScalar TitledTuple apply apply_init apply_leaf base_doc batch_to_samples cond_init default_device display_df distrib_barrier doc find_bs find_device flatten_check get_empty_df get_first get_model get_random_states grad_module ismin_torch item_find logit make_cross_image maybe_gather nested_reorder no_random norm_bias_params notmax_torch np_func num_distrib one_hot one_hot_decode one_param params rank_distrib requires_grad script_bwd script_fwd script_save_ctx script_use_ctx set_random_states set_seed setup_cuda show_image show_image_batch show_images show_title show_titled_image subplots tensor to_concat to_cpu to_detach to_device to_half to_np trainable_params unsqueeze unsqueeze_',
  'fastai.vision.augment':
    'AffineCoordTfm Brightness Contrast CropPad DeterministicDihedral DeterministicDraw DeterministicFlip Dihedral DihedralItem Flip FlipItem HSVTfm Hue LightingTfm OldRandomCrop RandTransform RandomCrop RandomErasing RandomResizedCrop RandomResizedCropGPU RatioResize Resize Rotate Saturation SpaceTfm Warp Zoom affine_grid affine_mat apply_perspective aug_transforms cutout_gaussian dihedral_mat find_coeffs flip_mat grayscale hsv2rgb mask_tensor norm_apply_denorm rgb2hsv rotate_mat setup_aug_tfms zoom_mat',
  'fastai.vision.core':
    'cifar_stats imagenet_stats mnist_stats AddMaskCodes BBoxLabeler LabeledBBox PILBase PILImage PILImageBW PILMask PointScaler TensorBBox TensorPoint get_annotations image2tensor load_image to_image',
  'fastai.vision.data':
    'BBoxLblBlock ImageBlock ImageDataLoaders MaskBlock SegmentationDataLoaders bb_pad clip_remove_empty get_grid',
  'fastai.vision.learner':
    'TimmBody add_head cnn_learner create_body create_cnn_model create_head create_timm_model create_unet_model create_vision_model cut_model default_split has_pool_type unet_learner vision_learner',
  'fastai.vision.models.unet': 'DynamicUnet ResizeToOrig UnetBlock',
  'fastai.vision.models.xresnet': 'XResNet init_cnn',
  'fastai.vision.utils':
    'download_images resize_image resize_images resize_to search_images_bing search_images_serpapi verify_image verify_images',
  'fastcore.aio':
    'CachedAwaitable Debounce acache athreaded ctx_sync disable_async_magics enable_async_magics is_async_callable iter_sync mapa maybe_aiter maybe_await noopa reawaitable run_sync then to_aiter wait_until',
  'fastcore.apisurface':
    'OpGroup full_docs mk_doc mk_groups mk_sig sanitize_param_name sanitized_params snake',
  'fastcore.basics':
    'AttrDict AttrDictDefault BasicRepr CancelBackwardException CancelBatchException CancelEpochException CancelFitException CancelStepException CancelTrainException CancelValidException DepProp Float FullString GetAttr GetAttrBase ImportEnum Inf Int NS NotStr NullType PadMode PrettyString ResizeMethod ShowPrint Stateful Str StrEnum SuggestionMethod ValEnum add add_props adict anno_ret annotations argnames argwhere attrdict basic_repr bind camel2snake camel2words chunked class2attr compile_re compose concat copy_func custom_dir cycle delegate_attr detuplify dstar eq eval_type even_mults event exec_import exec_local exec_new extend_enum fail_clean fastuple fdelegates filter_dict filter_ex filter_keys filter_values first first_match flatten ge gen get_annotations_ex get_class getattrs getcallable groupby gt hasattrs humanize id_words ifnone ignore_exceptions in_ init_args instantiate is_ is_array is_not joins kindsort last last_index last_match le listify loop_first loop_first_last loop_last lt map_ex maps mapt maybe_attr merge mk_class mod mul ne negate nested_attr nested_callable nested_idx nested_setdefault not_ num_cpus only otherwise partialler partition partition_dict patch patch_to properties range_of renumerate replicate req ret_false ret_true revive_dates risinstance set_nested_idx setattrs setify sig_with_params signature_ex snake2camel sorted_ex stop store_attr str2bool str2date str2dt str2float str2int str2list str_enum strcat sub to_bool to_camel to_date to_float to_int to_kebab to_list to_pascal to_snake tonull true truediv try_attrs tuplify type_hints typed union2tuple uniqueify using_attr val2idx ver2tuple with_cast wrap_class xdumps zip_cycle',
  'fastcore.foundation':
    'CollBase L add_docs coll_repr curryable docs flatmap is_bool is_indexer linesplitter mask2idxs product rstar splitter star working_directory',
  'fastcore.imports':
    'any_is_instance array_equal df_equal in_colab in_ipython in_jupyter in_notebook ipython_shell is_usable_tool isinstance_str llmtool remove_prefix remove_suffix',
  'fastcore.meta':
    'AutoInit BypassNewMeta FixSigMeta NewChkMeta PrePostInitMeta anno_dict delegated delegates empty2none funcs_kwargs metadec method splice_sig test_sig use_kwargs use_kwargs_dict',
  'fastcore.xtras':
    'CachedIter Config ContextManagers EventTimer IterLen PartialFormatter ReindexCollection SaveReturn TruncatedString Unset asave_iter asdict atomic_save autostart bunzip clean_cli_output console_help dataclass_src detect_mime dict2obj dumps exec_eval expand_wildcards exttypes fenced fenced_blocks find_file_parents flexicache flexiclass friendly_name frontmatter get_source_link globtastic hl_md image_size img_bytes import_no_init is_listy is_namedtuple is_typeddict join_path_file load_mod load_pickle loads loads_multi local2utc make_nullable mapped maybe_open mkdir modified_env modify_exception mtime_policy n_friendly_names nullable_dc obj2dict open_file parse_env partial_format pglob read_config_file repo_details repr_dict round_multiple rsync_multi rtoken_hex run save_config_file save_iter save_pickle set_num_threads shell shufflish sparkline ssh str_diff stringfmt_names strloader take_lines time_policy timed_cache trace trim_wraps trunc_ctr truncstr type2str unqid untar_dir utc2local vars_pub walk walk_join',
  fasttransform: 'transform',
  'fasttransform.cast': 'cast default_set_meta explode_types retain_meta retain_type retain_types',
  'fasttransform.transform':
    'DisplayedTransform Func InplaceTransform ItemTransform Pipeline Transform compose_tfms gather_attr_names gather_attrs get_func mk_transform',
  functools: 'partial reduce',
  itertools: 'dropwhile starmap takewhile zip_longest',
  numbers: 'Number Real',
  numpy: 'array ndarray',
  operator: 'attrgetter itemgetter methodcaller',
  pandas: 'CategoricalDtype',
  'pandas.api.types': 'is_numeric_dtype',
  pathlib: 'Path',
  textwrap: 'TextWrapper',
  torch: 'ByteTensor DoubleTensor FloatTensor HalfTensor LongTensor Tensor nn',
  'torch._VariableFunctionsClass': 'as_tensor',
  'torch.nn.modules.activation': 'Mish',
  'torch.utils.data._utils.collate': 'default_collate default_convert',
  'torch.utils.data._utils.worker': 'get_worker_info',
  'torch.utils.data.dataset': 'IterableDataset',
  'torch.utils.data.sampler': 'BatchSampler RandomSampler Sampler SequentialSampler',
  types: 'SimpleNamespace',
  typing:
    'Any Callable Dict Generator Iterable Iterator List Optional Sequence Set Tuple TypeVar Union',
};

/** Names that differ in their own module. */
export const STAR_ALIASES: Readonly<Record<string, string>> = {
  F: 'torch.nn.functional',
  SubwordTokenizer: 'fastai.text.core.SentencePieceTokenizer',
  Swish: 'torch.nn.modules.activation.SiLU',
  WordTokenizer: 'fastai.text.core.SpacyTokenizer',
  np: 'numpy',
  pd: 'pandas',
};
